"""Fetch one file of a Hugging Face dataset at a pinned commit, or the rest of one; $HF_ENDPOINT names another hub."""

import argparse
from pathlib import Path

from tenbin.corpora.backoff import ATTEMPTS
from tenbin.corpora.hub import fetch_hub_file
from tenbin.errors import command


def main() -> None:
    """Parse arguments and fetch the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", required=True, help="dataset repository, ORGANISATION/NAME")
    parser.add_argument("--revision", required=True, help="commit, 40 hex digits")
    parser.add_argument("--file", required=True, help="path of the file in the repository")
    parser.add_argument("--out", type=Path, required=True, help="where to put the file")
    parser.add_argument("--record", type=Path, required=True, help="its record (JSON)")
    parser.add_argument(
        "--attempts", type=int, default=ATTEMPTS, help="give up after so many in a row that brought nothing"
    )
    args = parser.parse_args()
    fetch_hub_file(args.repository, args.revision, args.file, args.out, args.record, attempts=args.attempts)


if __name__ == "__main__":
    command(main)
