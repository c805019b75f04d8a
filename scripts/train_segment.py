"""Train one segment of a run, going on from whatever the work folder holds.

Leaves with 0 when the segment is trained, 75 when it stopped itself before its time limit and 128 + signal when it was
asked to: in both cases the state is saved and running it again goes on. 1 is an error that stays until it is mended.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tenbin.arguments import named_path
from tenbin.errors import command
from tenbin.study.execution import Placement
from tenbin.training.segment import SegmentJob, train_segment


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, required=True, help="spec of the run (JSON)")
    parser.add_argument(
        "--tokens", type=named_path, action="append", required=True, metavar="CORPUS=PREFIX", help="a corpus's tokens"
    )
    parser.add_argument("--orders", type=Path, required=True, help="folder of the mix's orders and blend")
    parser.add_argument("--init", type=Path, required=True, help="initial weights (safetensors)")
    parser.add_argument("--end-step", type=int, required=True, help="last step of the segment")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints of all runs")
    parser.add_argument("--placement", type=json.loads, default={}, help="where, how long and how to train (JSON)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--previous", type=Path, help="marker of the segment before; a branch's first: of its trunk's")
    parser.add_argument("--neox-links", type=Path, help="record of the data under GPT-NeoX's own names (JSON)")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json, for the engine neox")
    parser.add_argument("--marker", type=Path, required=True, help="marker of this segment to write (JSON)")
    args = vars(parser.parse_args())
    links, placement = args.pop("neox_links"), args.pop("placement")
    args |= {"tokens": dict(args["tokens"]), "neox_data": links and links.with_suffix("")}
    train_segment(SegmentJob(**args, **read_placement(placement)))


def read_placement(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what a placement says of a job."""
    home = settings.pop("neox_home", None)
    place = Placement(**settings.pop("placement", {}))
    return settings | {"placement": place, "neox_home": home and Path(home)}


if __name__ == "__main__":
    command(main)
