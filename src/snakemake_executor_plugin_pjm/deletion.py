"""What pjdel said, job by job: it goes on after a job that it refuses, and ends with 1 if there was one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snakemake_executor_plugin_pjm.child import Ending
from snakemake_executor_plugin_pjm.messages import Message, find_errors, find_messages

FINE = ("0100", "0112", "0113", "0119")
"""Accepted, does not exist, is not in a state for it (it has just ended, or its prologue runs), already accepted. What
became of the jobs, the next status command tells."""
ID = re.compile(r"[0-9]+(?:_[0-9]+|\[[0-9-]+\])?")


@dataclass(frozen=True)
class DeleteOutcome:
    """Which jobs pjdel did not take. It only notes a wish: jobs that it took live on for a while."""

    refused: Mapping[str, str]
    """Why, by job id."""

    def __str__(self) -> str:
        reasons = dict.fromkeys(self.refused.values())
        return "; ".join(f"pjdel refused {' '.join(self._of(reason))}: {reason}" for reason in reasons)

    def _of(self, reason: str) -> list[str]:
        return [job_id for job_id, given in self.refused.items() if given == reason]


def find_refused(ids: Sequence[str], ending: Ending) -> dict[str, str]:
    """Return the jobs that a pjdel did not take, and why."""
    printed = f"{ending.output}\n{ending.errors}"
    said = {job_id: message for message in find_messages(printed) for job_id in ID.findall(message.text)}
    otherwise = _overall(ending, printed)
    reasons = {job_id: _reason(said.get(job_id), otherwise) for job_id in ids}
    return {job_id: reason for job_id, reason in reasons.items() if reason}


def _reason(message: Message | None, otherwise: str) -> str:
    if message is None:
        return otherwise
    return "" if message.number in FINE else message.line


def _overall(ending: Ending, printed: str) -> str:
    """Return what is true of jobs that no message names."""
    if ending.status == 0:
        return ""
    errors = [error.line for error in find_errors(printed) if error.number not in FINE]
    return errors[0] if errors else f"{ending.words} and says nothing of this job"
