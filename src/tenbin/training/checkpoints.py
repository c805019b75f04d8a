"""Checkpoints: a training state as a folder that is whole or absent.

`step{N}/state.safetensors` holds weights and both moments, `step{N}/state.json` the run's fingerprint,
the step and the record of the tensors. The position in the data follows from the step. Nothing here
needs torch, so that a finished run is written out quickly.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from tenbin.arrays import write_safetensors
from tenbin.errors import UserError
from tenbin.files import atomic_directory, read_json, record_file, verify_file, write_json
from tenbin.training import log
from tenbin.training.generations import Generation, lineage

STATE, DESCRIPTION = "state.safetensors", "state.json"
WEIGHTS, FIRST_MOMENTS, SECOND_MOMENTS = "weights/", "first_moments/", "second_moments/"
"""Prefixes of the names in a training state."""
KEPT = 2
"""Newest checkpoints that are kept beside those of segment ends."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk."""

    generation: Generation
    step: int

    @property
    def folder(self) -> Path:
        """Return the checkpoint's folder."""
        return self.generation.folder / f"step{self.step}"

    def read(self, prefix: str = "") -> dict[str, NDArray[np.float32]]:
        """Return the arrays whose names begin with `prefix`."""
        with safe_open(self.folder / STATE, framework="np") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118  # it is no dict
            return {name: file.get_tensor(name) for name in names}

    def record(self) -> dict[str, Any]:
        """Return the record of the tensors' file."""
        record: dict[str, Any] = read_json(self.folder / DESCRIPTION)["state"]
        return record

    def verify(self, fingerprint: str) -> None:
        """Raise ForeignCheckpoint if it belongs to another run, UserError if it is damaged."""
        description = read_json(self.folder / DESCRIPTION)
        if description["fingerprint"] != fingerprint:
            raise ForeignCheckpointError(
                f"{self.folder} is a checkpoint of another run ({description['fingerprint'][:12]}..., not "
                f"{fingerprint[:12]}...); remove it from this work folder and run again"
            )
        if description["step"] != self.step:
            raise UserError(f"{self.folder} holds step {description['step']}; its folder was renamed")
        verify_file(self.folder / STATE, description["state"])


class ForeignCheckpointError(UserError):
    """A checkpoint lies in the work folder of a run that it does not belong to."""


def save_checkpoint(
    generation: Generation, step: int, fingerprint: str, state: Mapping[str, NDArray[np.float32]]
) -> Checkpoint:
    """Write a checkpoint, if this generation is still the newest."""
    generation.require_newest()
    checkpoint = Checkpoint(generation, step)
    with atomic_directory(checkpoint.folder) as partial:
        write_safetensors(partial / STATE, state)
        description = {"fingerprint": fingerprint, "step": step, "state": record_file(partial / STATE)}
        write_json(partial / DESCRIPTION, description)
    return checkpoint


def find_checkpoints(run_folder: Path, number: int, last_step: int) -> Iterator[Checkpoint]:
    """Yield the checkpoints that count for generation `number`, up to a step, newest first."""
    for generation, limit in lineage(run_folder, number, last_step):
        steps = sorted(map(int, _checkpoint_steps(generation.folder)), reverse=True)
        yield from (Checkpoint(generation, step) for step in steps if step <= limit)


def newest_whole_checkpoint(run_folder: Path, number: int, last_step: int, fingerprint: str) -> Checkpoint | None:
    """Return the newest undamaged checkpoint up to a step; a damaged one is named in the log and passed over.

    Raises UserError if a checkpoint of another run lies there.
    """
    for checkpoint in find_checkpoints(run_folder, number, last_step):
        try:
            checkpoint.verify(fingerprint)
        except ForeignCheckpointError:
            raise
        except UserError as error:
            log.notice(f"skipping a damaged checkpoint, going back to the one before: {error}")
        else:
            return checkpoint
    return None


def prune_checkpoints(newest: Generation, step: int, segment_ends: Iterable[int]) -> None:
    """Delete all checkpoints that count up to a step but the newest two and those of segment ends."""
    kept = set(segment_ends)
    for checkpoint in list(find_checkpoints(newest.run_folder, newest.number, step))[KEPT:]:
        if checkpoint.step not in kept:
            shutil.rmtree(checkpoint.folder)


def _checkpoint_steps(folder: Path) -> Iterator[str]:
    for path in folder.glob("step*"):
        number = path.name.removeprefix("step")
        if number.isdigit():
            yield number
