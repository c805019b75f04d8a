"""Join the parts of a published .bin into one token pair, check it against its .idx and count its text."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.tokens.parts import join_token_parts


def main() -> None:
    """Parse arguments and join the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--parts",
        type=Path,
        nargs="+",
        required=True,
        help="parts of the .bin in order, each with its record PATH.json",
    )
    parser.add_argument("--parts-idx", type=Path, required=True, help="their one .idx, with its record PATH.json")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json that made the tokens")
    parser.add_argument("--tokenizer-record", type=Path, required=True, help="record of the tokenizer (JSON)")
    parser.add_argument("--bin", type=Path, required=True, help="token ids to write")
    parser.add_argument("--idx", type=Path, required=True, help="index of documents to write")
    parser.add_argument("--record", type=Path, required=True, help="record of the pair to write (JSON)")
    parser.add_argument(
        "--free-parts", action="store_true", help="cut each part to 0 bytes once its bytes are safe in the joined file"
    )
    args = parser.parse_args()
    join_token_parts(
        args.parts,
        args.parts_idx,
        tokenizer=args.tokenizer,
        tokenizer_record=args.tokenizer_record,
        bin_path=args.bin,
        idx_path=args.idx,
        record_path=args.record,
        free_parts=args.free_parts,
    )


if __name__ == "__main__":
    command(main)
