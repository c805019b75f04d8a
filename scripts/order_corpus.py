"""Write the order of a corpus's samples: GPT-NeoX's index maps."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.mixing.order import OrderSettings, order_corpus


def main() -> None:
    """Parse arguments and order the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="samples, weight, sequence_length, seed (JSON)")
    parser.add_argument("--tokens-record", type=Path, required=True, help="record of the corpus's tokens (JSON)")
    parser.add_argument("--idx", type=Path, required=True, help="index of the corpus's documents")
    parser.add_argument("--doc-index", type=Path, required=True, help="documents in stream order to write (.npy)")
    parser.add_argument("--sample-index", type=Path, required=True, help="starts of samples to write (.npy)")
    parser.add_argument("--shuffle-index", type=Path, required=True, help="order of samples to write (.npy)")
    parser.add_argument("--record", type=Path, required=True, help="index.json to write")
    args = parser.parse_args()
    order_corpus(
        OrderSettings.model_validate_json(args.settings),
        args.tokens_record,
        args.idx,
        doc_path=args.doc_index,
        sample_path=args.sample_index,
        shuffle_path=args.shuffle_index,
        record_path=args.record,
    )


if __name__ == "__main__":
    command(main)
