"""Tokenize a shard of documents into a GPT-NeoX token pair."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.tokens.encoding import tokenize_shard


def main() -> None:
    """Parse arguments and tokenize the shard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, required=True, help="shard (.jsonl.zst) with its record beside it")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--tokenizer-record", type=Path, required=True, help="record of the tokenizer (JSON)")
    parser.add_argument("--bin", type=Path, required=True, help="token ids to write")
    parser.add_argument("--idx", type=Path, required=True, help="index of documents to write")
    parser.add_argument("--record", type=Path, required=True, help="record of the pair to write (JSON)")
    parser.add_argument("--threads", type=int, default=1, help="threads that encode")
    args = parser.parse_args()
    tokenize_shard(
        args.documents,
        args.tokenizer,
        args.tokenizer_record,
        bin_path=args.bin,
        idx_path=args.idx,
        record_path=args.record,
        threads=args.threads,
    )


if __name__ == "__main__":
    command(main)
