"""Runs PJM's programs and turns what they print and how they end into values and exceptions.

It may be called from several threads. Nothing here waits for longer than the limits below, and nothing is tried again:
when to do that, the caller decides. No answer is ever partial; whoever gets one may act on all of it.
"""

import errno
import shlex
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.child import Ending, run_child
from snakemake_executor_plugin_pjm.deletion import DeleteOutcome, find_refused
from snakemake_executor_plugin_pjm.dialects import Ask, dialect_of
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.messages import find_errors
from snakemake_executor_plugin_pjm.names import SHOWN
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.status import JobStatus, StatusUnknown
from snakemake_executor_plugin_pjm.submission import (
    UnderWayError,
    find_id,
    locked_output,
    read_printed,
    read_submission,
    submission_under_way,
)

__all__ = [
    "DeleteOutcome",
    "Pjm",
    "Refused",
    "StatusUnknown",
    "TimeLimits",
    "TryLater",
    "Unsure",
    "read_submission",
    "submission_under_way",
]

IDS_A_QUERY = 2000
"""Many times what sites accept, and 40 KB: a sixth of the shortest command line that Linux allows."""
IDS_A_DELETION = 50
NOT_NOW = ("0072", "0090", "0091", "0190")
"""More jobs than PJM accepts; daemon away; internal error, which the manual says to try again."""
NO_ROOM = (errno.EAGAIN, errno.ENOMEM)


class Refused(WorkflowError):  # noqa: N818  # what PJM said, not an error of ours
    """PJM did not take a job, and would not take it a second time. Nothing was submitted."""


class TryLater(WorkflowError):  # noqa: N818
    """PJM took no job just now. Nothing was submitted."""


class Unsure(WorkflowError):  # noqa: N818
    """PJM may have taken the job: look for it before submitting it again."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds after which a program is given up and killed."""

    submit_s: float = 60.0
    query_s: float = 60.0
    delete_s: float = 60.0


TIME_LIMITS = TimeLimits()


class Pjm:
    """PJM's programs."""

    def __init__(self, settings: ExecutorSettings, limits: TimeLimits = TIME_LIMITS) -> None:
        self.calls: Counter[str] = Counter()
        """How often each program was started."""
        self._dialect = dialect_of(settings.dialect, settings.site)
        self._limits = limits
        self._lock = threading.Lock()
        self._queries: set[threading.Event] = set()

    # Submitting.

    def submit(self, folder: JobFolder, options: Sequence[str]) -> str:
        """Submit the folder's script from the working directory and return the job's id.

        A folder whose job has an id is never submitted again: the id is returned. To be called from a thread that
        signals don't interrupt, since then pjsub is killed. Raises Refused, TryLater or Unsure.
        """
        argv = ["pjsub", *options, str(folder.script)]
        try:
            with locked_output(folder) as output:
                return find_id(_printed(folder)) or self._submit(folder, argv, output)
        except UnderWayError:
            raise Unsure(f"an earlier pjsub for {folder.script} has not ended yet") from None
        except OSError as error:
            raise _not_started(argv, error) from None

    def _submit(self, folder: JobFolder, argv: Sequence[str], output: IO[bytes]) -> str:
        output.truncate(0)
        with folder.submission_errors.open("wb") as errors:
            ending = self._run(argv, self._limits.submit_s, output=output, errors=errors)
        printed = _printed(folder)
        if job_id := find_id(printed):
            return job_id
        raise _not_submitted(argv, ending, printed)

    # Deleting.

    def delete(self, ids: Sequence[str]) -> DeleteOutcome:
        """Ask PJM to end jobs; never raises. They are over only when a status command says so."""
        refused: dict[str, str] = {}
        for chunk in _chunks(ids, IDS_A_DELETION):
            refused |= self._delete(chunk)
        return DeleteOutcome(refused)

    def _delete(self, ids: Sequence[str]) -> dict[str, str]:
        try:
            ending = self._run(["pjdel", *ids], self._limits.delete_s)
        except OSError as error:
            return dict.fromkeys(ids, f"cannot run pjdel: {error.strerror}")
        return find_refused(ids, ending)

    # Asking.

    def live(self, ids: Sequence[str]) -> dict[str, JobStatus]:
        """Return jobs that PJM has not finished with, by id; some dialects tell of others too. Raises StatusUnknown."""
        with self._stoppable() as stop:
            return self._ask(self._dialect.live, ids, stop)

    def history(self, ids: Sequence[str]) -> dict[str, JobStatus]:
        """Return jobs that PJM has finished with, by id. Raises StatusUnknown."""
        with self._stoppable() as stop:
            return self._ask(self._dialect.history, ids, stop)

    def find_by_name(self, names: Sequence[str]) -> dict[str, str]:
        """Return the ids of the user's jobs of given names, by name; only the first ten characters count.

        Of several jobs of a name, one that is not over goes first, then the one submitted first. At most two
        commands. Raises StatusUnknown.
        """
        ids: dict[str, str] = {}
        with self._stoppable() as stop:
            for ask in (self._dialect.all_live, self._dialect.history):
                missing = [name for name in names if name not in ids]
                if missing:
                    ids |= _named(missing, self._answer(ask, (), stop))
        return ids

    def abort(self) -> None:
        """End the queries under way, which raise StatusUnknown. Later ones are not concerned."""
        with self._lock:
            for stop in self._queries:
                stop.set()

    @contextmanager
    def _stoppable(self) -> Iterator[threading.Event]:
        stop = threading.Event()
        with self._lock:
            self._queries.add(stop)
        try:
            yield stop
        finally:
            with self._lock:
                self._queries.discard(stop)

    def _ask(self, ask: Ask, ids: Sequence[str], stop: threading.Event) -> dict[str, JobStatus]:
        found: dict[str, JobStatus] = {}
        for chunk in _chunks(ids, IDS_A_QUERY):
            found |= self._answer(ask, chunk, stop)
        return found

    def _answer(self, ask: Ask, ids: Sequence[str], stop: threading.Event) -> dict[str, JobStatus]:
        question = ask(ids)
        try:
            ending = self._run(question.argv, self._limits.query_s, stop)
        except OSError as error:
            raise StatusUnknown(_cannot_start(question.argv, error)) from None
        if ending.status != 0 or find_errors(f"{ending.output}\n{ending.errors}"):
            raise StatusUnknown(f"{_shown(question.argv)}: {ending.words}{_said(ending.errors or ending.output)}")
        return question.read(ending.output)

    # Running.

    def _run(
        self,
        argv: Sequence[str],
        limit_s: float,
        stop: threading.Event | None = None,
        output: IO[bytes] | int = subprocess.PIPE,
        errors: IO[bytes] | int = subprocess.PIPE,
    ) -> Ending:
        with self._lock:
            self.calls[argv[0]] += 1
        return run_child(argv, limit_s, stop or threading.Event(), output, errors)


def _named(names: Sequence[str], statuses: dict[str, JobStatus]) -> dict[str, str]:
    # Ids grow: the last one entered is the oldest.
    oldest_last = sorted(statuses.values(), key=lambda status: (len(status.job_id), status.job_id), reverse=True)
    ids = {status.name[:SHOWN]: status.job_id for status in oldest_last}
    return {name: ids[name[:SHOWN]] for name in names if name[:SHOWN] in ids}


def _printed(folder: JobFolder) -> str:
    try:
        return read_printed(folder)
    except OSError as error:
        raise Unsure(f"cannot read what pjsub printed about {folder.script}: {error}") from None


def _not_submitted(argv: Sequence[str], ending: Ending, printed: str) -> WorkflowError:
    """Return the exception for a pjsub that named no job."""
    numbered = find_errors(printed)
    message = f"{shlex.join(argv)}: {ending.words}{_said(printed)}"
    if not numbered:
        return Unsure(message)
    return TryLater(message) if numbered[0].number in NOT_NOW else Refused(message)


def _not_started(argv: Sequence[str], error: OSError) -> WorkflowError:
    message = f"{_cannot_start(argv, error)} Nothing was submitted."
    return TryLater(message) if error.errno in NO_ROOM else Refused(message)


def _cannot_start(argv: Sequence[str], error: OSError) -> str:
    if error.filename == argv[0]:
        return (
            f"{argv[0]} cannot be run ({error.strerror}): are you on a login node? Load the module that brings PJM's "
            f"commands, or put their folder on PATH."
        )
    return f"cannot run {_shown(argv)}: {error.strerror}{f' ({error.filename})' if error.filename else ''}."


def _said(printed: str) -> str:
    lines = "\n".join(line for line in printed.splitlines() if line.strip())
    return f", having printed:\n{lines}" if lines else ", having printed nothing"


def _shown(argv: Sequence[str]) -> str:
    """Return a command for a message, not all of hundreds of ids."""
    return shlex.join(argv) if len(argv) <= 12 else f"{shlex.join(argv[:12])} ..."


def _chunks(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
