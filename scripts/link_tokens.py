"""Check, count and link an existing Megatron or GPT-NeoX token pair."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.study.corpora import TokensCorpus
from tenbin.tokens.linking import link_tokens


def main() -> None:
    """Parse arguments and link the tokens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="the corpus's entry (JSON)")
    parser.add_argument("--prefix", type=Path, required=True, help="the existing pair without .bin and .idx")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json that made the tokens")
    parser.add_argument("--tokenizer-record", type=Path, required=True, help="record of the tokenizer (JSON)")
    parser.add_argument("--bin", type=Path, required=True, help="link to write")
    parser.add_argument("--idx", type=Path, required=True, help="link to write")
    parser.add_argument("--record", type=Path, required=True, help="record of the pair to write (JSON)")
    args = parser.parse_args()
    link_tokens(
        TokensCorpus.model_validate_json(args.corpus),
        args.prefix,
        args.tokenizer,
        args.tokenizer_record,
        bin_path=args.bin,
        idx_path=args.idx,
        record_path=args.record,
    )


if __name__ == "__main__":
    command(main)
