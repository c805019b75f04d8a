"""Handing jobs to PJM, in a thread of its own: a Ctrl-C never cuts a pjsub in two, and a full queue holds up nothing.

PJM takes a bounded number of jobs from a project. One that it refuses for that reason, or because its daemon is away,
stays first in line and is tried again, more and more seldom.
"""

import queue
import threading
from collections.abc import Callable
from typing import Protocol

from snakemake_executor_plugin_pjm.commands import Pjm, Refused, TryLater, Unsure
from snakemake_executor_plugin_pjm.ledger import Ledger
from snakemake_executor_plugin_pjm.tracked import Stage, Tracked

MOST_TIMES_THE_GAP = 20
"""The pause after a refusal doubles from the least gap between polling rounds to so many of them: 30 s to 600 s."""


class Log(Protocol):
    """Part of Snakemake's logger."""

    def info(self, message: str) -> None:
        """Tell the user."""

    def warning(self, message: str) -> None:
        """Warn the user."""

    def error(self, message: str) -> None:
        """Tell the user what went wrong."""


class Submitter:
    """A line of jobs to hand over, one after the other."""

    def __init__(self, pjm: Pjm, ledger: Ledger, log: Log, gap_s: float, fail: Callable[[Tracked, str], None]) -> None:
        self._pjm, self._ledger, self._log, self._gap_s, self._fail = pjm, ledger, log, gap_s, fail
        self._line: queue.SimpleQueue[Tracked | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._said = ""
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="pjsub", daemon=True).start()

    def put(self, tracked: Tracked) -> None:
        """Hand a job over when its turn comes."""
        tracked.stage = Stage.WAITING
        self._line.put(tracked)

    def stop(self) -> None:
        """Hand over no more jobs; return once a pjsub that is under way has said what it did."""
        self._stopping.set()
        self._line.put(None)
        # Not Thread.join: interrupted by a second Ctrl-C, it takes a living thread for a dead one from then on.
        self._ended.wait()

    def _run(self) -> None:
        try:
            self._hand_over_all()
        finally:
            self._ended.set()

    def _hand_over_all(self) -> None:
        while (tracked := self._line.get()) is not None and not self._stopping.is_set():
            try:
                self._hand_over(tracked)
            except Exception as error:  # a full disk for example: the thread and the job must outlive it
                self._log.warning(f"{tracked.submission.name} could not be handed to PJM, trying again: {error!r}")
                self._stopping.wait(self._gap_s)
                if tracked.stage is Stage.WAITING:
                    self._line.put(tracked)

    def _hand_over(self, tracked: Tracked) -> None:
        pause_s = self._gap_s
        while not self._stopping.is_set():
            try:
                note_id(tracked, self._pjm.submit(tracked.folder, ()), self._ledger, self._log)
                self._said = ""
            except TryLater as error:
                self._say_once(f"PJM takes no job now, trying again: {error}")
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, MOST_TIMES_THE_GAP * self._gap_s)
                continue
            except Unsure as error:
                self._log.warning(f"Not sure whether PJM took {tracked.submission.name}, looking for it: {error}")
                tracked.stage = Stage.UNSURE
            except Refused as error:
                self._fail(tracked, str(error))
            return

    def _say_once(self, message: str) -> None:
        if message != self._said:
            self._log.info(message)
            self._said = message


def note_id(tracked: Tracked, job_id: str, ledger: Ledger, log: Log) -> None:
    """Note the id that a job has in PJM, and tell the user."""
    tracked.handed_over(job_id)
    try:
        ledger.submitted(tracked.submission, job_id)
    except OSError as error:
        # The job lives: it is watched all the same, and what pjsub printed names it to a later call.
        log.warning(f"Cannot record PJM's job {job_id} in {ledger.path}: {error}")
    log.info(f"Job {tracked.info.job.jobid} ({tracked.request.rule}) is PJM's job {job_id}.")
