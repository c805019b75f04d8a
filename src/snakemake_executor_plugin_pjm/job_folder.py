"""The files of one submission: what is handed to PJM, and what the job says of itself.

They lie in a folder of their own on the shared file system and outlive Snakemake, so that nothing about a job has to be
asked of PJM that the job itself can tell, its success above all.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Started:
    """What a job wrote when it began."""

    job_id: str
    """The job that took the folder; a second one with the same folder leaves without running anything."""
    host: str
    """First node of the job."""
    start_epoch: int
    """Seconds since 1970 on the node's clock."""
    elapse_limit_s: int | None
    """Time limit as PJM told the job."""


@dataclass(frozen=True)
class JobFolder:
    """Paths in the folder of one submission."""

    path: Path

    @property
    def script(self) -> Path:
        """The job script."""
        return self.path / "job.sh"

    @property
    def inputs(self) -> Path:
        """The files that the job waits for before it begins, one a line."""
        return self.path / "inputs"

    @property
    def log_pattern(self) -> Path:
        """Both output streams of the job; PJM puts the job's id for %j."""
        return self.path / "%j.log"

    def log(self, job_id: str) -> Path:
        """Return the file of both output streams of a job."""
        return self.path / f"{job_id}.log"

    @property
    def stats_pattern(self) -> Path:
        """PJM's account of the job."""
        return self.path / "%j.stats"

    def stats(self, job_id: str) -> Path:
        """Return the file of PJM's account of a job."""
        return self.path / f"{job_id}.stats"

    @property
    def submission_output(self) -> Path:
        """What pjsub printed."""
        return self.path / "pjsub.out"

    @property
    def submission_errors(self) -> Path:
        """What pjsub printed as errors."""
        return self.path / "pjsub.err"

    @property
    def started(self) -> Path:
        """Present once a job runs; lines KEY=VALUE."""
        return self.path / "started"

    @property
    def return_code(self) -> Path:
        """Present once Snakemake's command has ended in the job; its exit status."""
        return self.path / "rc"

    @property
    def time_limit(self) -> Path:
        """Present once PJM has told the job that its time is over."""
        return self.path / "time_limit"

    @property
    def more_time(self) -> Path:
        """Made by a job that saved its state and wants to be submitted again; its path is in the job's environment."""
        return self.path / "more_time"

    def read_started(self) -> Started | None:
        """Return what the job wrote when it began, or None if none has."""
        try:
            lines = self.started.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        limit = values["elapse_limit_s"]
        return Started(
            values["job_id"], values["host"], int(values["start_epoch"]), int(limit) if limit.isdigit() else None
        )

    def read_return_code(self) -> int | None:
        """Return the exit status that the job wrote, or None if it wrote none."""
        try:
            return int(self.return_code.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
