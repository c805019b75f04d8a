"""Gather the losses of all runs and validation sets into losses.csv."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.evaluation.table import collect_losses


def main() -> None:
    """Parse the command line and collect the losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=Path, nargs="+", required=True, help="losses JSON of each run and valid")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--record", type=Path, required=True, help="JSON to write beside it")
    given = parser.parse_args()
    collect_losses(given.losses, given.table, given.record)


if __name__ == "__main__":
    command(main)
