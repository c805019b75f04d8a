"""Join the token pairs of shards into one pair."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.tokens.joining import join_shards


def main() -> None:
    """Parse arguments and join the shards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shards", type=Path, nargs="+", required=True, metavar="PREFIX", help="pairs without .bin, .idx, .json"
    )
    parser.add_argument("--bin", type=Path, required=True, help="token ids to write")
    parser.add_argument("--idx", type=Path, required=True, help="index of documents to write")
    parser.add_argument("--record", type=Path, required=True, help="record of the pair to write (JSON)")
    parser.add_argument(
        "--free-shards", action="store_true", help="cut each shard's .bin to 0 bytes once its tokens are safe"
    )
    args = parser.parse_args()
    join_shards(args.shards, args.bin, args.idx, args.record, free_shards=args.free_shards)


if __name__ == "__main__":
    command(main)
