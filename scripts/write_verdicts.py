"""Write the page of verdicts: each claim, the number that decides it, the forecast's score, a Japanese abstract."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.figures.verdicts import write_verdicts


def main() -> None:
    """Parse the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--out", type=Path, required=True, help="verdicts.html")
    given = parser.parse_args()
    write_verdicts(given.claims, given.out)


if __name__ == "__main__":
    command(main)
