"""The jobs that this process answers for: Snakemake's base class forgets those that it is just asking about."""

import threading
import time
from dataclasses import dataclass, field
from enum import Enum

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.ledger import Submission
from snakemake_executor_plugin_pjm.request import Request


class Stage(Enum):
    """How far a submission is."""

    WAITING = "waiting to be handed over"
    UNSURE = "handed over, or not: pjsub did not say"
    SUBMITTED = "PJM's"


@dataclass(eq=False)
class Tracked:
    """A job of Snakemake's and its present submission."""

    info: SubmittedJobInfo
    request: Request
    command: str
    """Snakemake's command for the job."""
    inputs: tuple[str, ...]
    """Files that must be visible on the compute node before the job begins."""
    work: str
    """What the job does."""
    submission: Submission
    folder: JobFolder
    stage: Stage = Stage.WAITING
    superseded: bool = False
    """Whether this is an earlier call's submission that does other work, to be ended before the job is done anew."""
    lookups: int = 0
    """How often PJM was asked in vain for a job of this name."""
    condemned: str = ""
    """Why PJM was asked to end the job, which then counts as failed."""
    warned: str | None = None
    """What was last warned of, so that it is said once."""
    _since: dict[str, float] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """The id that PJM gave; there is one once the stage is SUBMITTED."""
        return str(self.info.external_jobid)

    def seconds(self, what: str, holds: bool) -> float:
        """Return for how long something has held at every look, 0.0 if it does not."""
        if not holds:
            self._since.pop(what, None)
            return 0.0
        return time.monotonic() - self._since.setdefault(what, time.monotonic())

    def anew(self, submission: Submission, folder: JobFolder) -> "Tracked":
        """Return the same job of Snakemake's with another submission."""
        info = SubmittedJobInfo(self.info.job)
        request = self.request.renamed(submission.name)
        return Tracked(info, request, self.command, self.inputs, self.work, submission, folder)

    def handed_over(self, job_id: str) -> None:
        """Note the id that PJM gave."""
        self.info.external_jobid = job_id
        self.stage = Stage.SUBMITTED


class Registry:
    """All tracked jobs, for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Tracked] = {}

    def add(self, tracked: Tracked) -> None:
        """Answer for a job from now on."""
        with self._lock:
            self._jobs[tracked.submission.uuid] = tracked

    def remove(self, tracked: Tracked) -> None:
        """Answer for a job no longer."""
        with self._lock:
            self._jobs.pop(tracked.submission.uuid, None)

    def all(self) -> list[Tracked]:
        """Return all jobs, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def at(self, stage: Stage) -> list[Tracked]:
        """Return the jobs at a stage, oldest first."""
        return [tracked for tracked in self.all() if tracked.stage is stage]
