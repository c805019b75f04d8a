"""Write the spec of a run: everything that decides its result."""

import argparse
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.specs import write_spec


def main() -> None:
    """Parse arguments and write the spec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="what the config says of the run (JSON)")
    parser.add_argument("--mix", type=Path, required=True, help="the mix (JSON)")
    parser.add_argument("--order", type=named_path, action="append", required=True, metavar="CORPUS=FILE")
    parser.add_argument("--blend", type=Path, required=True, help="record of the blend (JSON)")
    parser.add_argument("--init", type=Path, required=True, help="record of the initial weights (JSON)")
    parser.add_argument("--tokenizer", type=Path, required=True, help="record of the tokenizer (JSON)")
    parser.add_argument("--trunk-spec", type=Path, help="spec of the run that this decay branch leaves (JSON)")
    parser.add_argument("--spec", type=Path, required=True, help="the spec to write")
    args = parser.parse_args()
    write_spec(
        args.settings,
        args.spec,
        mix=args.mix,
        orders=dict(args.order),
        blend=args.blend,
        init=args.init,
        tokenizer=args.tokenizer,
        trunk=args.trunk_spec,
    )


if __name__ == "__main__":
    command(main)
