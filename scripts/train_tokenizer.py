"""Train a byte-level BPE on the same number of bytes of each language."""

import argparse
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.study.tokenizers import TrainedTokenizer
from tenbin.tokens.bpe import train_tokenizer


def main() -> None:
    """Parse arguments and train the tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="the tokenizer's entry (JSON)")
    parser.add_argument("--documents", type=named_path, action="append", required=True, metavar="LANGUAGE=PATH")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json to write")
    parser.add_argument("--record", type=Path, required=True, help="its record to write (JSON)")
    parser.add_argument("--threads", type=int, default=1, help="threads that count words and pairs")
    args = parser.parse_args()
    settings = TrainedTokenizer.model_validate_json(args.settings)
    train_tokenizer(
        settings, args.documents, tokenizer_path=args.tokenizer, record_path=args.record, threads=args.threads
    )


if __name__ == "__main__":
    command(main)
