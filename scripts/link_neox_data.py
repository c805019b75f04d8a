"""Lay out the tokens and the sample order of a mix under GPT-NeoX's own names, as links."""

import argparse
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.neox.links import link_neox_data


def main() -> None:
    """Parse arguments and link the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tokens", type=named_path, action="append", required=True, metavar="CORPUS=PREFIX", help="a corpus's tokens"
    )
    parser.add_argument("--orders", type=Path, required=True, help="folder of the mix's orders and blend")
    parser.add_argument("--batch-size", type=int, required=True, help="sequences a step")
    parser.add_argument("--folder", type=Path, required=True, help="folder of links to make")
    parser.add_argument("--record", type=Path, required=True, help="its record to write (JSON)")
    args = parser.parse_args()
    link_neox_data(dict(args.tokens), args.orders, args.batch_size, args.folder, args.record)


if __name__ == "__main__":
    command(main)
