"""Write a mix: corpora, weights, and the identity of their tokens."""

import argparse
from pathlib import Path

from tenbin.arguments import named_path, named_text
from tenbin.errors import command
from tenbin.mixing.mixes import write_mix
from tenbin.study.catalogue import Mix


def main() -> None:
    """Parse arguments and write the mix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mix", required=True, help="the mix's entry (JSON)")
    parser.add_argument("--language", type=named_text, action="append", required=True, metavar="CORPUS=LANGUAGE")
    parser.add_argument("--tokens", type=named_path, action="append", required=True, metavar="CORPUS=RECORD")
    parser.add_argument("--out", type=Path, required=True, help="mix to write (JSON)")
    args = parser.parse_args()
    write_mix(Mix.model_validate_json(args.mix), dict(args.language), dict(args.tokens), args.out)


if __name__ == "__main__":
    command(main)
