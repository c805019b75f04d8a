"""Compare one language alone with the mixes that hold it: loss ratios, tests of equivalence, worth in parameters."""

import argparse
from pathlib import Path

from pydantic import TypeAdapter

from tenbin.errors import command
from tenbin.scaling.comparing.table import compare_mixes
from tenbin.study.comparisons import Comparison


def main() -> None:
    """Parse the command line and compare the mixes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=Path, required=True, help="losses.csv, or any table with its main columns")
    parser.add_argument("--points-record", type=Path, help="JSON that describes the table, to verify it by")
    parser.add_argument(
        "--comparisons",
        type=TypeAdapter(tuple[Comparison, ...]).validate_json,
        required=True,
        help="pairs of curves, JSON",
    )
    parser.add_argument("--margin", type=float, required=True, help="of equivalence, a share of the loss: 0.005")
    parser.add_argument("--documents", type=Path, nargs="*", default=[], help="VALID.documents.parquet of the runs")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--record", type=Path, required=True, help="JSON to write beside it, with sentences")
    given = parser.parse_args()
    compare_mixes(
        given.points,
        given.points_record,
        comparisons=given.comparisons,
        margin=given.margin,
        documents=given.documents,
        table=given.out,
        record=given.record,
    )


if __name__ == "__main__":
    command(main)
