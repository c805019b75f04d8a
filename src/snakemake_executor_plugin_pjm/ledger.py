"""The durable record of what was handed to PJM, so that a Snakemake that was killed finds its jobs again.

Snakemake's own note of a job's id is overwritten as soon as the job starts. Here each step of a submission is a line in
a file that only grows, on the disk before the next step begins: the intention before pjsub runs, the id after it, the
end before Snakemake is told. A submission without an end may be alive.
"""

import fcntl
import json
import os
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError


@dataclass(frozen=True)
class Submission:
    """One hand-over of a job to PJM."""

    uuid: str
    """Names the submission's folder."""
    name: str
    """The job's name in PJM; its first ten characters, all that PJM shows, are those of no other submission."""
    rule: str
    target: str
    """What the job makes."""
    work: str
    """What the job does to make it."""
    time_limits: int = 0
    """How often the job was submitted again before because its time was over."""
    node_faults: int = 0
    """How often the job was submitted again before because of a fault of a node or of PJM."""


@dataclass
class Entry:
    """A submission and how far it came."""

    submission: Submission
    job_id: str | None = None
    outcome: str | None = None


@dataclass
class Ledger:
    """The file of all submissions of a working folder; one Snakemake at a time writes it."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    def open(self) -> None:
        """Read the file and keep it for this process alone.

        Raises WorkflowError if another process has it, or if a line of it cannot be read.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._take_alone()
        _sync_folder(self.path.parent)
        self._read()

    def _take_alone(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkflowError(
                f"another Snakemake submits jobs to PJM from this folder: it holds {self.path}. "
                "Wait for it or end it; its jobs can then be taken over by this call."
            ) from None
        except OSError:
            # Some parallel file systems are mounted without locks; Snakemake's own lock of the folder remains.
            return

    def _read(self) -> None:
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        if torn:  # the process ended while it wrote: the step was not taken
            os.ftruncate(self._descriptor, len(whole) + 1 if whole else 0)
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._apply(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise WorkflowError(
                    f"{self.path}, line {number} cannot be read ({error}). It records jobs that may be running: see "
                    "`pjstat` whether any are left, end them with `pjdel`, then move the file away."
                ) from None

    def _apply(self, event: dict[str, Any]) -> None:
        kind, uuid = event["event"], event["uuid"]
        if kind == "intent":
            values = {name: value for name, value in event.items() if name != "event"}
            self.entries[uuid] = Entry(Submission(**values))
        elif kind == "submitted":
            self.entries[uuid].job_id = event["job_id"]
        elif kind == "ended":
            self.entries[uuid].outcome = event["outcome"]
        else:
            raise ValueError(f"unknown event {kind!r}")

    # What is written.

    def intend(self, submission: Submission) -> None:
        """Record that a job is about to be handed over."""
        self._append({"event": "intent", **asdict(submission)})

    def submitted(self, submission: Submission, job_id: str) -> None:
        """Record the id that PJM gave."""
        self._append({"event": "submitted", "uuid": submission.uuid, "job_id": job_id})

    def ended(self, submission: Submission, outcome: str) -> None:
        """Record that a submission is over and will not run any more."""
        self._append({"event": "ended", "uuid": submission.uuid, "outcome": outcome})

    def _append(self, event: dict[str, Any]) -> None:
        with self._lock:
            os.write(self._descriptor, json.dumps(event).encode() + b"\n")
            os.fsync(self._descriptor)
            self._apply(event)

    # What is read.

    def unfinished(self, target: str | None = None) -> list[Entry]:
        """Return submissions without an end, of one target or of all, oldest first."""
        return [
            entry
            for entry in self.entries.values()
            if entry.outcome is None and target in (None, entry.submission.target)
        ]

    def close(self) -> None:
        """Leave the file to others."""
        os.close(self._descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
