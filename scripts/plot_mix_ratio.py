"""Draw the loss of each mix over the loss of one language alone against model size."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.mix_ratio import plot_mix_ratio
from tenbin.study.style import FigureStyle


def main() -> None:
    """Read the arguments and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv")
    parser.add_argument("--comparison-record", type=Path, required=True, help="comparison.json")
    parser.add_argument("--losses", type=Path, required=True, help="losses.csv")
    parser.add_argument("--losses-record", type=Path, required=True, help="losses.json")
    parser.add_argument("--mixes", type=Path, nargs="+", action="extend", required=True, help="records of the mixes")
    parser.add_argument("--style", default="{}", help="FigureStyle as JSON")
    parser.add_argument("--out-svg", type=Path, required=True)
    parser.add_argument("--out-png", type=Path, required=True)
    args = parser.parse_args()
    plot_mix_ratio(
        comparison=args.comparison,
        comparison_record=args.comparison_record,
        losses=args.losses,
        losses_record=args.losses_record,
        mixes=args.mixes,
        style=FigureStyle.model_validate_json(args.style),
        svg=args.out_svg,
        png=args.out_png,
    )


if __name__ == "__main__":
    command(main)
