"""What an earlier call of Snakemake left behind for a target: nothing, a job that lives, or one that has just ended."""

from dataclasses import dataclass
from pathlib import Path

from snakemake_executor_plugin_pjm.commands import read_submission
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.ledger import Entry, Ledger, Submission


@dataclass(frozen=True)
class Adoption:
    """A submission that may be alive, or that ended after Snakemake had looked at its outputs."""

    submission: Submission
    job_id: str | None
    """Its id, if it is known."""


@dataclass(frozen=True)
class Wanted:
    """What Snakemake wants done now."""

    target: str
    work: str
    outputs: tuple[Path, ...]
    forced: bool
    """Whether the user asked for jobs to be done anew, whatever has been done."""

    def is_done_by(self, submission: Submission) -> bool:
        """Return whether a submission that ended well is all that is wanted.

        Snakemake may not have seen its outputs when it planned, or remember other parameters from before them.
        """
        return submission.work == self.work and not self.forced and all(path.exists() for path in self.outputs)


def find_earlier(ledger: Ledger, folder: Path, wanted: Wanted) -> Adoption | None:
    """Return the submission to take up for a target, and close those that are over and of no use."""
    for entry in reversed(ledger.unfinished(wanted.target)):
        job_folder = JobFolder(folder / entry.submission.uuid)
        job_id, code = _job_id(entry, job_folder), job_folder.read_return_code()
        if code is not None and (code != 0 or not wanted.is_done_by(entry.submission)):
            ledger.ended(entry.submission, "ended unwatched")
        elif job_id is None and not job_folder.submission_output.exists():
            ledger.ended(entry.submission, "never handed over")
        else:
            return Adoption(entry.submission, job_id)
    return None


def _job_id(entry: Entry, folder: JobFolder) -> str | None:
    started = folder.read_started()
    return started.job_id if started else entry.job_id or read_submission(folder)
