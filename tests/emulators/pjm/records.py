"""What the emulator tells a test of its jobs, whatever its programs would tell."""

import json
from dataclasses import dataclass
from typing import Any

from emulators.pjm.store import Row

SAME = ("state", "pjm_code", "exit_code", "signal", "reason", "rscgrp", "nodes", "gpus", "elapse_s", "runs", "name")
TIMES = ("accepted_at", "started_at", "ended_at")


@dataclass(frozen=True)
class JobRecord:
    """A job; times are seconds since 1970."""

    id: str
    name: str
    script: str
    """Path that was given to pjsub."""
    state: str
    """PJM's three letters."""
    pjm_code: int
    exit_code: int
    signal: int
    reason: str
    rscgrp: str
    nodes: int
    """Whole nodes asked for; 0 if it asked for GPUs."""
    gpus: int
    """GPUs asked for; 0 if it asked for nodes."""
    elapse_s: int
    """Time limit asked for, in seconds as PJM counts them."""
    norestart: bool
    options: dict[str, Any]
    """Options of script and command line together; those with several values as dictionaries."""
    runs: int
    """How often the script was started."""
    accepted_at: float
    started_at: float | None
    ended_at: float | None
    lost: bool
    """Whether PJM has forgotten it."""
    pids: tuple[int, ...]
    """Processes of the job that live now."""


@dataclass(frozen=True)
class Submission:
    """An accepted call of pjsub."""

    id: str
    name: str
    at: float
    """Seconds since 1970."""


def job_record(row: Row, pids: tuple[int, ...]) -> JobRecord:
    """Return a row of the state for a test to read."""
    return JobRecord(
        id=str(row["id"]),
        script=row["submitted_as"],
        norestart=bool(row["norestart"]),
        options=json.loads(row["options"]),
        lost=bool(row["hidden"]),
        pids=pids,
        **{name: row[name] for name in (*SAME, *TIMES)},
    )
