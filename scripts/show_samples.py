"""Show which corpus, sample, documents and token ranges a training step saw, as a tab-separated table."""

import argparse
import signal
import sys
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.mixing.ledger import print_ledger
from tenbin.mixing.samples import BlendedSamples


def main() -> None:
    """Parse arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=Path, required=True, help="folder of the mix's orders and blend")
    parser.add_argument("--tokens", type=named_path, action="append", required=True, metavar="CORPUS=PREFIX")
    parser.add_argument("--sequence-length", type=int, required=True, help="tokens of a sample that are predicted")
    parser.add_argument("--batch-size", type=int, required=True, help="samples a step")
    parser.add_argument("--step", type=int, required=True, help="optimiser step, from 1 as in history.jsonl")
    parser.add_argument("--text", action="store_true", help="decode the tokens; needs --tokenizer")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json")
    args = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `show_samples.py ... | head` is no error
    if args.text and not args.tokenizer:
        parser.error("--text needs --tokenizer")
    samples = BlendedSamples(args.orders, dict(args.tokens), args.sequence_length, args.batch_size)
    print_ledger(samples, args.step, args.tokenizer if args.text else None, sys.stdout)


if __name__ == "__main__":
    command(main)
