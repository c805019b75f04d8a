"""Who may write in a run's work folder: generations, taken over by an exclusive rename.

Every process that trains a run makes the next generation, a numbered folder that says who made it and
which checkpoint of which earlier generation it starts from. A process that wakes from the dead finds a
newer generation and stops; whatever it wrote after the take-over lies beyond the step that the newer
generation started from, and readers ignore it.
"""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, write_json

OWNER = "owner.json"


@dataclass(frozen=True)
class Start:
    """Where a generation starts: a step of an earlier generation, or step 0 of none."""

    generation: int = 0
    step: int = 0


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
    def start(self) -> Start:
        """Return where this generation started."""
        owner = read_json(self.folder / OWNER)
        return Start(owner["start_generation"], owner["start_step"])

    def require_newest(self) -> None:
        """Raise UserError if another process has taken the run over."""
        newest = newest_generation(self.run_folder)
        if newest == self.number:
            return
        raise UserError(
            f"{self.folder} is no longer the newest generation of its run (that is {newest:04d}: another process took "
            "it over, see owner.json there); nothing more is written by this one; let the other finish"
        )


def newest_generation(run_folder: Path) -> int:
    """Return the highest generation number, 0 if there is none."""
    return max((int(path.name) for path in run_folder.glob("[0-9]*") if path.name.isdigit()), default=0)


def claim_generation(run_folder: Path, number: int, start: Start) -> Generation | None:
    """Make generation `number`, or return None if another process has made it first."""
    generation = Generation(run_folder, number)
    prepared = run_folder / f".{number:04d}.{platform.node()}.{os.getpid()}.partial"
    shutil.rmtree(prepared, ignore_errors=True)
    write_json(prepared / OWNER, _describe_owner(start))
    try:
        prepared.rename(generation.folder)
    except OSError:
        shutil.rmtree(prepared)
        if generation.folder.exists():
            return None
        raise
    return generation


def lineage(run_folder: Path, number: int, last_step: int) -> Iterator[tuple[Generation, int]]:
    """Yield a generation and those it came from, newest first, each with the last of its steps that counts."""
    while number:
        generation = Generation(run_folder, number)
        yield generation, last_step
        start = generation.start
        number, last_step = start.generation, min(last_step, start.step)


def _describe_owner(start: Start) -> dict[str, Any]:
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "start_generation": start.generation,
        "start_step": start.step,
    }
