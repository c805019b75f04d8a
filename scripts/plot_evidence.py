"""Draw how far fitted curves are to be believed: residuals, local slopes, profiles, or losses by script."""

import argparse
from pathlib import Path
from typing import get_args

from tenbin.errors import command
from tenbin.figures.evidence import View, plot_evidence
from tenbin.study.style import FigureStyle


def main() -> None:
    """Read the arguments and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--view", choices=get_args(View), required=True)
    parser.add_argument("--losses", type=Path, required=True, help="losses.csv")
    parser.add_argument("--losses-record", type=Path, required=True, help="losses.json")
    parser.add_argument("--scaling", type=Path, nargs="+", action="extend", required=True, help="one a row, in order")
    parser.add_argument("--mixes", type=Path, nargs="+", action="extend", required=True, help="records of the mixes")
    parser.add_argument("--style", default="{}", help="FigureStyle as JSON")
    parser.add_argument("--out-svg", type=Path, required=True)
    parser.add_argument("--out-png", type=Path, required=True)
    args = parser.parse_args()
    plot_evidence(
        args.view,
        losses=args.losses,
        losses_record=args.losses_record,
        scaling=args.scaling,
        mixes=args.mixes,
        style=FigureStyle.model_validate_json(args.style),
        svg=args.out_svg,
        png=args.out_png,
    )


if __name__ == "__main__":
    command(main)
