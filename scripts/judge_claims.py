"""Judge each claim of a claims file by the results: confirmed, refuted or undecided."""

import argparse
from pathlib import Path

from pydantic import TypeAdapter

from tenbin.claims.judging import judge_claims
from tenbin.errors import command

OWN_CLAIMS = Path(__file__).resolve().parents[1] / "claims.yaml"


def main() -> None:
    """Parse the command line and judge the claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, default=OWN_CLAIMS, help="a file of your own (tenbin's claims.yaml)")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.json")
    parser.add_argument("--scaling", type=Path, nargs="+", required=True, help="fits, one JSON a validation set")
    parser.add_argument("--losses", type=Path, required=True, help="losses.csv")
    parser.add_argument("--losses-record", type=Path, required=True, help="losses.json")
    parser.add_argument("--forecasts", type=Path, help="predictions.json, to score the first forecast")
    parser.add_argument(
        "--languages",
        type=TypeAdapter(dict[str, list[str]]).validate_json,
        required=True,
        help="languages of each mix, JSON",
    )
    parser.add_argument("--margin", type=float, required=True, help="margin of equivalence, a share of the loss")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--record", type=Path, required=True, help="JSON to write beside it")
    given = parser.parse_args()
    judge_claims(
        claims=given.claims,
        comparison=given.comparison,
        scaling=given.scaling,
        losses=given.losses,
        losses_record=given.losses_record,
        forecasts=given.forecasts,
        languages=given.languages,
        margin=given.margin,
        table=given.out,
        record=given.record,
    )


if __name__ == "__main__":
    command(main)
