"""Who may write in a run's work folder: generations, taken over by an exclusive rename.

Every process that trains a run makes the next generation, a numbered folder that says who made it, which
checkpoint of which earlier generation it starts from, and which segments were finished by then. A process
that wakes from the dead finds a newer generation and stops; whatever it wrote after the take-over lies
beyond the step that the newer generation started from, and readers ignore it. There are no locks: on
shared file systems an exclusive rename holds where locks may not.
"""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.training.writers import describe_process

OWNER = "owner.json"
SEGMENTS = "segments"
LEASE_S = 180.0
"""Seconds without a sign of life after which a writer elsewhere is given up. Clients of shared file systems may see a
file as it was a minute ago, and a busy server may keep one waiting; both must fit in twice."""


@dataclass(frozen=True)
class Start:
    """Where a generation starts: a step of an earlier generation, or step 0 of none."""

    generation: int = 0
    step: int = 0
    trunk: str | None = None
    """Fingerprint of the run that the generation belongs to, where a decay branch leaves its trunk."""


@dataclass(frozen=True)
class Generation:
    """One generation of a run's work folder."""

    run_folder: Path
    number: int

    @property
    def folder(self) -> Path:
        """Return where this generation writes."""
        return self.run_folder / f"{self.number:04d}"

    @property
    def owner(self) -> dict[str, Any]:
        """Return what its maker wrote of itself and of the generation's start."""
        return read_json(self.folder / OWNER)

    @property
    def start(self) -> Start:
        """Return where this generation started."""
        owner = self.owner
        return Start(owner["start_generation"], owner["start_step"], owner.get("start_trunk"))

    @property
    def origin(self) -> "Generation":
        """Return the generation that this one started from, number 0 if from the initial weights."""
        start = self.start
        folder = self.run_folder.parent / start.trunk if start.trunk else self.run_folder
        return Generation(folder, start.generation)

    def is_newest(self) -> bool:
        """Return whether no other process has taken the run over."""
        return newest_generation(self.run_folder) == self.number

    def require_newest(self) -> None:
        """Raise UserError if another process has taken the run over."""
        if self.is_newest():
            return
        newest = newest_generation(self.run_folder)
        raise UserError(
            f"{self.folder} is no longer the newest generation of its run (that is {newest:04d}: another process took "
            "it over, see owner.json there); nothing more is written by this one; let the other finish"
        )


def newest_generation(run_folder: Path) -> int:
    """Return the highest generation number, 0 if there is none."""
    return max((int(path.name) for path in run_folder.glob("[0-9]*") if path.name.isdigit()), default=0)


def claim_generation(run_folder: Path, number: int, start: Start, lease_s: float = LEASE_S) -> Generation | None:
    """Make generation `number`, or return None if another process has made it first."""
    generation = Generation(run_folder, number)
    prepared = run_folder / f".{number:04d}.{uuid.uuid4().hex}.partial"
    owner = describe_process() | _describe_start(start) | {"lease_s": lease_s, "claim": prepared.name}
    write_json(prepared / OWNER, owner | {SEGMENTS: finished_segments(run_folder, number - 1)})
    try:
        prepared.rename(generation.folder)
    except OSError:
        shutil.rmtree(prepared, ignore_errors=True)
        if not generation.folder.exists():
            raise
        # A file server may have done the rename and lost its answer: then the folder is ours after all.
        return generation if generation.owner["claim"] == prepared.name else None
    return generation


def lineage(run_folder: Path, number: int, last_step: int) -> Iterator[tuple[Generation, int]]:
    """Yield a generation and those it came from, newest first, each with the last of its steps that counts.

    The last ones of a decay branch are its trunk's.
    """
    generation = Generation(run_folder, number)
    while generation.number:
        yield generation, last_step
        generation, last_step = generation.origin, min(last_step, generation.start.step)


def finished_segments(run_folder: Path, number: int) -> dict[str, int]:
    """Return the ends of finished segments, each with the generation that holds the copy of its marker.

    They are those that generation `number` found when it was made, and its own. What an older one finishes after it was
    taken over is not among them.
    """
    if number == 0:
        return {}
    generation = Generation(run_folder, number)
    own = [path.stem for path in (generation.folder / SEGMENTS).glob("*.json") if path.stem.isdigit()]
    earlier: dict[str, int] = generation.owner.get(SEGMENTS, {})
    return earlier | dict.fromkeys(own, number)


def _describe_start(start: Start) -> dict[str, Any]:
    return {"start_generation": start.generation, "start_step": start.step, "start_trunk": start.trunk}
