"""What the training jobs of a call would do: take steps, or find that they are done.

Training is idempotent by a run's fingerprint, so a planned job is no measure of work: one whose work folder holds the
finished checkpoint takes no step. Nothing is verified here: a checkpoint that turns out damaged costs more than that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tenbin.files import read_json
from tenbin.pricing.identities import Identities, PlannedJob, run_of
from tenbin.study.model import Run, Study
from tenbin.training.checkpoints import Checkpoint, find_checkpoints
from tenbin.training.generations import Generation, newest_generation
from tenbin.training.markers import find_marker_copy

Outcome = Literal["train", "re-check", "uncertain"]
TRAINING = "train_segment"


@dataclass(frozen=True)
class TrainingJob:
    """A planned training job."""

    run: Run
    end_step: int
    outcome: Outcome
    """`re-check` takes no step; `uncertain` takes none if what the run is made from comes out as it was."""
    steps: int
    """Steps that it takes, at most."""


def foresee_training(study: Study, jobs: Iterable[PlannedJob]) -> list[TrainingJob]:
    """Return what each planned training job would do, run by run and in order of steps."""
    planned = list(jobs)
    identities = Identities(study, planned)
    ends: dict[Run, list[int]] = {}
    for job in planned:
        if job.rule == TRAINING:
            ends.setdefault(run_of(job.wildcards), []).append(int(job.wildcards["end_step"]))
    return [job for run in sorted(ends) for job in _foresee_run(study, run, sorted(ends[run]), identities)]


def _foresee_run(study: Study, run: Run, ends: list[int], identities: Identities) -> list[TrainingJob]:
    identity = identities.identity(run)
    start = study.schedules[run.schedule].branch_step or 0
    afresh = _foresee_segments(run, ends, start, None)
    if identity.fingerprint is None:
        return afresh
    foreseen = _foresee_segments(run, ends, start, Path(study.execution.work) / identity.fingerprint)
    if identity.certain or foreseen == afresh:
        return foreseen
    return [replace(job, outcome="uncertain") for job in afresh]


def _foresee_segments(run: Run, ends: list[int], start: int, folder: Path | None) -> list[TrainingJob]:
    """Go through the segments in order; each goes on from the one before it or from a checkpoint."""
    jobs, reached = [], start
    for end in ends:
        if folder and _holds(folder, end):
            jobs.append(TrainingJob(run, end, "re-check", 0))
        else:
            saved = _newest_step(folder, end) if folder else 0
            jobs.append(TrainingJob(run, end, "train", end - max(reached, saved)))
        reached = end
    return jobs


def _holds(folder: Path, end: int) -> bool:
    """Whether a run's work folder holds the finished checkpoint of a segment."""
    copy = find_marker_copy(folder, end)
    return copy is not None and Checkpoint(Generation(folder, read_json(copy)["generation"]), end).folder.is_dir()


def _newest_step(folder: Path, end: int) -> int:
    """Return the step of the newest checkpoint up to a segment's end, 0 if there is none."""
    checkpoints = find_checkpoints(folder, newest_generation(folder), end)
    return max((checkpoint.step for checkpoint in checkpoints), default=0)
