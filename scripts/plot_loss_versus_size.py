"""Draw validation loss against model size with the fitted curves, one panel a validation set."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.loss_versus_size import plot_loss_versus_size
from tenbin.study.style import FigureStyle


def main() -> None:
    """Read the arguments and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=Path, required=True, help="losses.csv")
    parser.add_argument("--losses-record", type=Path, required=True, help="losses.json")
    parser.add_argument("--scaling", type=Path, nargs="+", action="extend", required=True, help="one a panel, in order")
    parser.add_argument("--mixes", type=Path, nargs="+", action="extend", required=True, help="records of the mixes")
    parser.add_argument("--out-of-domain", action="store_true", help="draw the sets out of domain, not those in domain")
    parser.add_argument("--parameters", choices=["nonembedding", "total"], default="nonembedding")
    parser.add_argument("--style", default="{}", help="FigureStyle as JSON")
    parser.add_argument("--out-svg", type=Path, required=True)
    parser.add_argument("--out-png", type=Path, required=True)
    args = parser.parse_args()
    plot_loss_versus_size(
        losses=args.losses,
        losses_record=args.losses_record,
        scaling=args.scaling,
        mixes=args.mixes,
        style=FigureStyle.model_validate_json(args.style),
        svg=args.out_svg,
        png=args.out_png,
        out_of_domain=args.out_of_domain,
        parameters=args.parameters,
    )


if __name__ == "__main__":
    command(main)
