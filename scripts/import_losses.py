"""Turn a CSV of runs from anywhere into losses.csv."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.scaling.importing import import_losses
from tenbin.scaling.laws.points import parse_pairs


def main() -> None:
    """Parse the command line and convert the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=Path, required=True, help="CSV with one row a run")
    parser.add_argument("--columns", required=True, help="n_total=COLUMN,tokens=COLUMN,loss_nats_per_token=COLUMN,...")
    parser.add_argument("--set", default="", help="mix=VALUE,valid=VALUE,...: the same for all rows")
    parser.add_argument("--out", type=Path, required=True, help="losses.csv to write")
    given = parser.parse_args()
    columns, constants = parse_pairs(given.columns, "--columns"), parse_pairs(given.set, "--set")
    found = import_losses(given.points, columns, constants, given.out)
    print(f"{given.out}: {found.written} rows; {found.left_out} without a loss or a number of parameters were left out")


if __name__ == "__main__":
    command(main)
