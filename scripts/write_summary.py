"""Write the study's summary page: what the mix cost or gained, losses, fits, texts and their licences."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.summary import write_summary
from tenbin.figures.summary_tables import GivenTokens


def main() -> None:
    """Read the arguments and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.json")
    parser.add_argument("--losses", type=Path, required=True, help="losses.csv")
    parser.add_argument("--losses-record", type=Path, required=True, help="losses.json")
    parser.add_argument("--scaling", type=Path, nargs="+", action="extend", required=True, help="one a validation set")
    parser.add_argument("--mixes", type=Path, nargs="+", action="extend", required=True, help="records of the mixes")
    parser.add_argument("--corpora-record", type=Path, nargs="*", action="extend", default=[], help="records of shards")
    parser.add_argument("--given-tokens", nargs="*", action="extend", default=[], help="GivenTokens as JSON")
    parser.add_argument("--out", type=Path, required=True, help="summary.html")
    args = parser.parse_args()
    write_summary(
        comparison=args.comparison,
        losses=args.losses,
        losses_record=args.losses_record,
        scaling=args.scaling,
        mixes=args.mixes,
        corpora=args.corpora_record,
        given_tokens=[GivenTokens.model_validate_json(entry) for entry in args.given_tokens],
        out=args.out,
    )


if __name__ == "__main__":
    command(main)
