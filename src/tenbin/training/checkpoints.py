"""Checkpoints: a training state as a folder that is whole or absent.

`step{N}/state.safetensors` holds weights and both moments, `step{N}/state.json` the run's fingerprint,
the step and the record of the tensors: `state`, or for engines that write many files `files`, the record
of each by its name in the folder. The position in the data follows from the step. Nothing here needs
torch, so that a finished run is written out quickly.
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
from tenbin.training.spec import RunSpec

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
        """Return the record of the tensors' file, or the records of all files by name."""
        description = read_json(self.folder / DESCRIPTION)
        record: dict[str, Any] = description["files"] if "files" in description else description["state"]
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
        for name, record in description.get("files", {STATE: description.get("state")}).items():
            verify_file(self.folder / name, record)


class ForeignCheckpointError(UserError):
    """A checkpoint lies in the work folder of a run that it does not belong to."""


def start_checkpoint(generation: Generation, spec: RunSpec) -> Checkpoint | None:
    """Return the checkpoint that a generation starts from, None for the initial weights.

    A decay branch starts from a step of its trunk, in the trunk's folder of the same work folder. Raises UserError if
    the generation starts from a run that the spec does not name.
    """
    start = generation.start
    if start.trunk and (spec.trunk is None or start.trunk != spec.trunk.fingerprint):
        raise UserError(f"{generation.folder} starts from another run than its spec names; remove it and run again")
    return Checkpoint(generation.origin, start.step) if start.step else None


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
    """Yield the run's own checkpoints that count for generation `number`, up to a step, newest first."""
    for generation, limit in lineage(run_folder, number, last_step):
        if generation.run_folder != run_folder:
            return
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
    """Delete the checkpoints that count up to a step, but for the newest two and those of segment ends.

    Raises UserError if this generation is no longer the newest: another may start from any of them.
    """
    newest.require_newest()
    kept = set(segment_ends)
    for checkpoint in list(find_checkpoints(newest.run_folder, newest.number, step))[KEPT:]:
        if checkpoint.step not in kept:
            _delete(checkpoint.folder)


def sweep(newest: Generation) -> None:
    """Delete what killed processes left of checkpoints that they were writing or deleting."""
    for number in range(1, newest.number):
        for folder in Generation(newest.run_folder, number).folder.glob(".step*"):
            shutil.rmtree(folder, ignore_errors=True)


def _delete(folder: Path) -> None:
    """Delete a checkpoint so that it is never half there under its name."""
    doomed = folder.with_name(f".{folder.name}.deleted")
    folder.rename(doomed)
    shutil.rmtree(doomed)


def _checkpoint_steps(folder: Path) -> Iterator[str]:
    for path in folder.glob("step*"):
        number = path.name.removeprefix("step")
        if number.isdigit():
            yield number
