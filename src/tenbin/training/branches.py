"""Decay branches: runs that leave a constant-rate trunk after one of its segments and let the rate fall (WSD).

One trunk gives several points (N, D) of a scaling law for the price of their decays. A branch is a run of its own,
with its own fingerprint; it reads its trunk's samples and starts from the trunk's state, which the trunk keeps for it.
"""

from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation, Start
from tenbin.training.markers import find_marker_copy
from tenbin.training.spec import Trunk


def trunk_start(work: Path, trunk: Trunk) -> Start:
    """Return where a branch starts. Raises UserError if the trunk's state after that step is gone or damaged."""
    run_folder = work / trunk.fingerprint
    try:
        generation = _finished_in(run_folder, trunk.step)
        Checkpoint(Generation(run_folder, generation), trunk.step).verify(trunk.fingerprint)
    except UserError as error:
        raise UserError(
            f"this decay branch starts from step {trunk.step} of its trunk, and the state of that step is lost: "
            f"{error}. Delete the trunk's marker segments/{trunk.step}.json and run again, to train it anew up to there"
        ) from None
    return Start(generation, trunk.step, trunk.fingerprint)


def _finished_in(run_folder: Path, step: int) -> int:
    """Return the generation that holds the state of a segment's end."""
    copy = find_marker_copy(run_folder, step)
    if copy is None:
        raise UserError(f"{run_folder} has no finished segment that ends at step {step}")
    generation: int = read_json(copy)["generation"]
    return generation
