"""How fast runs really train, once segments of them have finished: it replaces the model in the plan.

A speed is the median of the seconds a step among the last steps of the newest finished segment, so that neither the
first steps nor a pause of the file system counts. It holds for a number of processes: a segment that another number
trained tells nothing. Boundaries of segments never follow from it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, sha256_json
from tenbin.pricing.counts import run_folder
from tenbin.study.model import Run, Study
from tenbin.training.generations import Generation
from tenbin.training.history import HISTORY

TAIL_BYTES = 1 << 18
"""Of a history: about a thousand steps, where the whole may have hundreds of thousands."""


@dataclass(frozen=True)
class Work:
    """What decides the time of a step at one place: the size, the batch and its length."""

    size: str
    batch_size: int
    sequence_length: int


class Speeds:
    """Seconds a step of the runs of a study that have trained."""

    def __init__(self, study: Study, runs: Iterable[Run]) -> None:
        self._study = study
        self._of_runs = {run: seconds for run in runs if (seconds := _measure(study, run)) is not None}

    def own(self, run: Run) -> float | None:
        """Return what a run itself measured."""
        return self._of_runs.get(run)

    def of_size(self, run: Run) -> float | None:
        """Return the median of what runs of the same size and batch measured."""
        seconds = [value for other, value in self._of_runs.items() if self._work(other) == self._work(run)]
        return median(seconds) if seconds else None

    def _work(self, run: Run) -> Work:
        schedule = self._study.schedules[run.schedule]
        return Work(run.size, schedule.batch_size, schedule.sequence_length)


def _measure(study: Study, run: Run) -> float | None:
    """Return the seconds a step of a run's newest finished segment, None if there is none to go by."""
    folder = run_folder(study, run)
    ends = [int(path.stem) for path in (folder / "segments").glob("*.json") if path.stem.isdigit()]
    try:
        spec = read_json(folder / "spec.json") if ends else {}
        marker = read_json(folder / "segments" / f"{max(ends)}.json") if ends else {}
    except UserError:  # no plan fails for want of a measurement
        return None
    if not marker or not _still_holds(study, run, spec, marker):
        return None
    live = Generation(Path(study.execution.work) / marker["fingerprint"], marker["generation"]).folder
    return _median_seconds(live / HISTORY) or _median_seconds(folder / HISTORY)


def _still_holds(study: Study, run: Run, spec: dict[str, Any], marker: dict[str, Any]) -> bool:
    """Whether a segment was trained by the program, in the numbers and by the number of processes of today's config."""
    trained = (spec["engine"], spec["numerics"], marker.get("ranks", 1))
    wanted = (study.study.engine, study.study.numerics, study.execution.placement(run.size).ranks)
    return trained == wanted and marker["fingerprint"] == sha256_json(spec)


def _median_seconds(history: Path) -> float | None:
    """Return the median of `seconds` over the last whole lines of a history."""
    if not history.is_file():
        return None
    with history.open("rb") as stream:
        first = max(0, history.stat().st_size - TAIL_BYTES)
        stream.seek(first)
        lines = stream.read().split(b"\n")[1 if first else 0 : -1]
    return median(json.loads(line)["seconds"] for line in lines) if lines else None
