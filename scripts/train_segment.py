"""Train one segment of a run with the engine torch, going on from whatever the work folder holds."""

import argparse
import json
from pathlib import Path

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.study.execution import Placement
from tenbin.training.segment import SegmentJob, train_segment


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="spec of the run (JSON)")
    parser.add_argument(
        "--tokens", type=named_path, action="append", required=True, metavar="CORPUS=PREFIX", help="a corpus's tokens"
    )
    parser.add_argument("--orders", type=Path, required=True, help="folder of the mix's orders and blend")
    parser.add_argument("--init", type=Path, required=True, help="initial weights (safetensors)")
    parser.add_argument("--end-step", type=int, required=True, help="last step of the segment")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints of all runs")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--previous", type=Path, help="marker of the segment before")
    parser.add_argument("--marker", type=Path, required=True, help="marker of this segment to write (JSON)")
    parser.add_argument("--checkpoint-interval-s", type=float, default=600.0, help="seconds between checkpoints")
    parser.add_argument("--placement", type=json.loads, default={}, help="nodes, processes, GPUs, micro-batch (JSON)")
    parser.add_argument("--walltime-s", type=float, help="time limit of this job, from its start; default: none")
    parser.add_argument("--stop-margin-s", type=float, default=600.0, help="seconds before it to save and stop at")
    parser.add_argument("--neox-home", type=Path, help="checkout of EleutherAI/gpt-neox")
    parser.add_argument("--neox-data", type=Path, help="tokens and index maps under GPT-NeoX's names")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json, for the engine neox")
    args = vars(parser.parse_args())
    args |= {"tokens": dict(args["tokens"]), "placement": Placement(**args["placement"])}
    train_segment(SegmentJob(**args))


if __name__ == "__main__":
    command(main)
