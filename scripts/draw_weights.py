"""Draw the initial weights of one model size from one seed, by GPT-NeoX's law."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.initialization import write_weights
from tenbin.study.catalogue import Size


def main() -> None:
    """Parse arguments and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", required=True, help="shape of the model (JSON)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the run")
    parser.add_argument("--tokenizer-record", type=Path, required=True, help="record of the tokenizer (JSON)")
    parser.add_argument("--weights", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--record", type=Path, required=True, help="its record to write (JSON)")
    args = parser.parse_args()
    size = Size.model_validate_json(args.size)
    write_weights(size, args.seed, args.tokenizer_record, args.weights, args.record)


if __name__ == "__main__":
    command(main)
