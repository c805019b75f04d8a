"""What the dialects share: a command with the function that reads its answer; the forms of ids, lines and numbers."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from snakemake_executor_plugin_pjm.status import JobStatus, StatusUnknown

JOB_ID = re.compile(r"[0-9]{1,18}(?:_[0-9]{1,9}|\[[0-9-]{1,20}\])?")
"""A job, a sub job of a step job, a sub job of a bulk job."""
NUMBER = re.compile(r"[0-9]{1,9}")
NONE = ("", "-")
LOADING = re.compile(r"^\[INFO\.?\] PJM 0281 [^.\n]*\.*", re.MULTILINE)
"""Printed after three seconds, with a dot every further three: the table may follow on the same line."""
NOTE = re.compile(r"\[(?:INFO|WARN)\.?\] ")

Statuses = dict[str, JobStatus]


@dataclass(frozen=True)
class Question:
    """A command, and how to read its answer."""

    argv: tuple[str, ...]
    read: Callable[[str], Statuses]
    """Returns jobs by id. Raises StatusUnknown if the answer is cut short or garbled."""


def lines_of(answer: str) -> list[str]:
    """Return the lines of an answer without PJM's notes and blank ones. Raises StatusUnknown if the last one is cut."""
    if answer and not answer.endswith("\n"):
        raise StatusUnknown(f"the answer is cut short, it ends in {answer[-40:]!r}")
    # splitlines() would also split at characters that may stand inside of a line.
    lines = LOADING.sub("", answer).split("\n")
    return [line for line in lines if line.strip() and not NOTE.match(line)]


def number_of(cell: str, line: str) -> int | None:
    """Return a number, or None for a dash. Raises StatusUnknown for anything else."""
    if cell in NONE:
        return None
    if not NUMBER.fullmatch(cell):
        raise StatusUnknown(f"{cell!r} is no number in the line {line!r}")
    return int(cell)


def concerns(job_id: str, ids: Collection[str]) -> bool:
    """Whether a row is about one of the jobs that were asked for; none named means all."""
    return not ids or job_id in ids
