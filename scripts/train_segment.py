"""Train one segment of a run with the engine torch, going on from whatever the work folder holds."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.training.segment import SegmentJob, train_segment


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="spec of the run (JSON)")
    parser.add_argument("--tokens", action="append", required=True, metavar="CORPUS=PREFIX", help="a corpus's tokens")
    parser.add_argument("--orders", type=Path, required=True, help="folder of the mix's orders and blend")
    parser.add_argument("--init", type=Path, required=True, help="initial weights (safetensors)")
    parser.add_argument("--end-step", type=int, required=True, help="last step of the segment")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints of all runs")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--previous", type=Path, help="marker of the segment before")
    parser.add_argument("--marker", type=Path, required=True, help="marker of this segment to write (JSON)")
    parser.add_argument("--checkpoint-interval-s", type=float, default=600.0, help="seconds between checkpoints")
    parser.add_argument("--micro-batch", type=int, help="sequences at a time, to save memory; default: the whole batch")
    args = vars(parser.parse_args())
    pairs = dict(entry.split("=", 1) for entry in args.pop("tokens"))
    train_segment(SegmentJob(tokens={corpus: Path(prefix) for corpus, prefix in pairs.items()}, **args))


if __name__ == "__main__":
    command(main)
