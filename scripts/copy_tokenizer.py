"""Copy a given tokenizer.json out of a local file or a package's archive."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.study.tokenizers import GivenTokenizer
from tenbin.tokens.given import copy_tokenizer


def main() -> None:
    """Parse arguments and copy the tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="the tokenizer's entry (JSON)")
    parser.add_argument("--source", type=Path, required=True, help="the file, or the archive that has it as a member")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json to write")
    parser.add_argument("--record", type=Path, required=True, help="its record to write (JSON)")
    args = parser.parse_args()
    copy_tokenizer(GivenTokenizer.model_validate_json(args.settings), args.source, args.tokenizer, args.record)


if __name__ == "__main__":
    command(main)
