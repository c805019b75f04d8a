"""Fit loss against model size for every training mix of a losses table, on one validation set."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.scaling.curves import fit_curves


def main() -> None:
    """Parse the command line and fit the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=Path, required=True, help="losses.csv, or any table with its main columns")
    parser.add_argument("--points-record", type=Path, help="JSON that describes the table, to verify it by")
    parser.add_argument("--valid", required=True, help="id of the validation set")
    parser.add_argument("--documents", type=Path, nargs="*", default=[], help="VALID.documents.parquet of the runs")
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    given = parser.parse_args()
    fit_curves(given.points, given.points_record, given.valid, given.documents, given.out)


if __name__ == "__main__":
    command(main)
