"""A job's state as PJM tells it, whatever the words of the site."""

from dataclasses import dataclass
from enum import Enum

from snakemake_interface_common.exceptions import WorkflowError


class Phase(Enum):
    """What a state means for whoever waits for the job."""

    QUEUED = "queued"
    RUNNING = "running"
    """Also suspended, starting or ending: PJM has not finished with it."""
    HELD = "held"
    """It waits until a person releases it."""
    STUCK = "stuck"
    """PJM's state ERROR: the job neither runs nor ends until a person acts."""
    ENDED = "ended"
    """Ran to its end, whatever that was."""
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """PJM knows the job and says a word that this plugin does not know: worth as much as no word at all."""

    @property
    def is_over(self) -> bool:
        """Whether PJM is finished with the job."""
        return self in (Phase.ENDED, Phase.CANCELLED, Phase.REJECTED)


@dataclass(frozen=True)
class JobStatus:
    """What PJM says of a job; what a dialect does not tell is None or empty."""

    job_id: str
    name: str
    """Cut to ten characters by PJM."""
    word: str
    """State in PJM's own word."""
    phase: Phase
    pjm_code: int | None = None
    """PJM's account of the end, see `codes`; means nothing while the job is not over."""
    exit_code: int | None = None
    """Exit status of the job script; means nothing while the job is not over."""
    signal: int | None = None
    """Signal that ended the job script."""
    reason: str = ""
    rscgrp: str = ""
    elapsed: str = ""


class StatusUnknown(WorkflowError):  # noqa: N818  # it is a state of knowledge
    """PJM did not answer, or what it said cannot be relied on: nothing is known that was not known before."""
