"""Write the history, the model folder and the closing record of a run whose last segment has ended."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.training.finish import finish_run


def main() -> None:
    """Parse arguments and close the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="spec of the run (JSON)")
    parser.add_argument("--marker", type=Path, required=True, help="marker of the last segment (JSON)")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints of all runs")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--history", type=Path, required=True, help="history to write (JSON lines)")
    parser.add_argument("--model", type=Path, required=True, help="model folder to write")
    parser.add_argument("--done", type=Path, required=True, help="closing record to write (JSON)")
    args = parser.parse_args()
    finish_run(
        spec_path=args.spec,
        marker_path=args.marker,
        work=args.work,
        tokenizer=args.tokenizer,
        history=args.history,
        model=args.model,
        done=args.done,
    )


if __name__ == "__main__":
    command(main)
