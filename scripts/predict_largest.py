"""Forecast the losses of the largest size from the losses of smaller runs; forecasts are kept for good."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.scaling.predicting import Target, predict_largest


def main() -> None:
    """Parse the command line and forecast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=Path, nargs="+", required=True, help="losses JSONs of the smaller runs")
    parser.add_argument("--target", type=Target.model_validate_json, required=True, help="size and curves, as JSON")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="folders of the runs that are forecast")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the forecasts")
    parser.add_argument("--out", type=Path, required=True, help="JSON to write, which names all forecasts")
    given = parser.parse_args()
    predict_largest(losses=given.losses, target=given.target, runs=given.runs, folder=given.folder, out=given.out)


if __name__ == "__main__":
    command(main)
