"""Fit laws of the proportion of two languages, and the frontier between them, to a losses table."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.scaling.ratios.fitting import fit_ratios


def main() -> None:
    """Parse the command line and fit the sweeps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=Path, required=True, help="losses.csv, or any table with its main columns")
    parser.add_argument("--points-record", type=Path, help="JSON that describes the table, to verify it by")
    parser.add_argument("--mixes", type=Path, nargs="+", required=True, help="records of the mixes, MIX.json")
    parser.add_argument("--valids", nargs="+", required=True, help="validation sets of the training domain")
    parser.add_argument("--documents", type=Path, nargs="*", default=[], help="VALID.documents.parquet of the runs")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write: the frontier's measured points")
    parser.add_argument("--record", type=Path, required=True, help="JSON to write beside it: laws and choices")
    given = parser.parse_args()
    fit_ratios(
        given.points,
        given.points_record,
        mixes=given.mixes,
        valids=given.valids,
        documents=given.documents,
        table=given.out,
        record=given.record,
    )


if __name__ == "__main__":
    command(main)
