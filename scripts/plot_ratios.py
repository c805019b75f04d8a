"""Draw the loss against the proportion of a language, and the frontier between two languages."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.ratio_files import read_sweeps
from tenbin.figures.ratio_frontier import plot_frontier
from tenbin.figures.ratio_losses import plot_losses
from tenbin.study.style import FigureStyle


def main() -> None:
    """Read the arguments and draw both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, required=True, help="ratio.json")
    parser.add_argument("--table", type=Path, required=True, help="ratio_frontier.csv")
    parser.add_argument("--style", default="{}", help="FigureStyle as JSON")
    parser.add_argument("--out-proportion", type=Path, nargs=2, required=True, help="SVG and PNG")
    parser.add_argument("--out-frontier", type=Path, nargs=2, required=True, help="SVG and PNG")
    given = parser.parse_args()
    sweeps, style = read_sweeps(given.record, given.table), FigureStyle.model_validate_json(given.style)
    plot_losses(sweeps, style, *given.out_proportion)
    plot_frontier(sweeps, style, *given.out_frontier)


if __name__ == "__main__":
    command(main)
