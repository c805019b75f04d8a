"""Draw the training loss of every run against training tokens, or against training FLOPs."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.loss_curves import RunLabel, plot_loss_curves
from tenbin.study.style import FigureStyle


def main() -> None:
    """Read the arguments and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, nargs="+", action="extend", required=True, help="history.jsonl of runs")
    parser.add_argument("--done", type=Path, nargs="+", action="extend", required=True, help="done.json, same order")
    parser.add_argument("--run", nargs="+", action="extend", required=True, help="RunLabel as JSON, same order")
    parser.add_argument("--mixes", type=Path, nargs="+", action="extend", required=True, help="records of the mixes")
    parser.add_argument(
        "--costs", type=Path, nargs=2, metavar=("TABLE", "RECORD"), help="losses.csv, losses.json: FLOPs"
    )
    parser.add_argument("--style", default="{}", help="FigureStyle as JSON")
    parser.add_argument("--out-svg", type=Path, required=True)
    parser.add_argument("--out-png", type=Path, required=True)
    args = parser.parse_args()
    plot_loss_curves(
        histories=args.history,
        dones=args.done,
        runs=[RunLabel.model_validate_json(run) for run in args.run],
        mixes=args.mixes,
        costs=args.costs and tuple(args.costs),
        style=FigureStyle.model_validate_json(args.style),
        svg=args.out_svg,
        png=args.out_png,
    )


if __name__ == "__main__":
    command(main)
