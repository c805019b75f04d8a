"""Write which corpus each sample of a run comes from: GPT-NeoX's blend."""

import argparse
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.mixing.blend import BlendSettings, blend_corpora


def main() -> None:
    """Parse arguments and blend the corpora."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="samples and weights by corpus (JSON)")
    parser.add_argument("--order", type=named_path, action="append", required=True, metavar="CORPUS=INDEX.JSON")
    parser.add_argument("--blend", type=Path, required=True, help="corpus of each sample position to write (.npy)")
    parser.add_argument("--record", type=Path, required=True, help="its record to write (JSON)")
    args = parser.parse_args()
    blend_corpora(BlendSettings.model_validate_json(args.settings), dict(args.order), args.blend, args.record)


if __name__ == "__main__":
    command(main)
