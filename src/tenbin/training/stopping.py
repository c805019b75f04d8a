"""Being stopped: a signal or the job's own time limit lets the current step finish and its state be saved.

A batch system kills a job at its time limit without waiting; a job that leaves before it loses nothing. The limit
counts from the start of this process, read when this module is loaded: early, for every import after it takes time.
A job script that knows when its time is over says so in $PJM_DEADLINE_EPOCH: the job began before this process did.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tenbin.errors import UserError

# Fujitsu's PJM sends SIGXCPU to every process of a job at its time limit, ten seconds before it kills them.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU)
PROCESS_START = time.monotonic()

DEADLINE, MORE_TIME = "PJM_DEADLINE_EPOCH", "SNAKEMAKE_PJM_MORE_TIME"
"""Variables of a job under PJM: when to stop, in seconds since 1970; the file by which it asks to be run again."""
STOPPED_IN_TIME = 75
"""Exit status of a job that stopped before its time limit: sysexits' EX_TEMPFAIL, "run again to go on"."""


def _start_anew() -> None:
    global PROCESS_START  # noqa: PLW0603  # a constant of each process
    PROCESS_START = time.monotonic()


# A process that is forked after this module was loaded begins with the fork.
os.register_at_fork(after_in_child=_start_anew)


class StopRequest:
    """Whether this process should save its state and leave: by a signal, at its time limit, or taken over."""

    def __init__(self, walltime_s: float | None = None, stop_margin_s: float = 0.0) -> None:
        self.signal: signal.Signals | None = None
        self.taken_over = False
        self._walltime_s, self._stop_margin_s = walltime_s, stop_margin_s
        self._deadline = _job_deadline()

    @property
    def asked(self) -> bool:
        """Return whether to stop after the current step."""
        return self.signal is not None or self.taken_over or self.seconds_left() <= 0

    @property
    def reason(self) -> str:
        """Return why, as the end of a sentence that begins with "stopped"."""
        if self.signal is not None:
            return f"by {self.signal.name}"
        if self.taken_over:
            return "because another process took this run over"
        if self._walltime_s is None or self._deadline < self._own_deadline():
            return f"at the time that ${DEADLINE} names, before the job's time limit"
        return f"{self._stop_margin_s:g} s before the time limit of {self._walltime_s:g} s"

    @property
    def exit_status(self) -> int:
        """Return 128 + number after a signal, as is customary, and 75 for a job that stopped in time."""
        return STOPPED_IN_TIME if self.signal is None else 128 + self.signal

    def seconds_left(self) -> float:
        """Return the seconds until this process must stop, infinite without a time limit."""
        return min(self._own_deadline(), self._deadline) - time.monotonic()

    def _own_deadline(self) -> float:
        return float("inf") if self._walltime_s is None else PROCESS_START + self._walltime_s - self._stop_margin_s

    def leave(self) -> NoReturn:
        """End this process; one that only ran out of time first asks whoever runs it to run it again."""
        if self.exit_status == STOPPED_IN_TIME and os.environ.get(MORE_TIME):
            Path(os.environ[MORE_TIME]).touch()
        sys.exit(self.exit_status)

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Remember a signal."""
        self.signal = signal.Signals(number)


def _job_deadline() -> float:
    """Return when this job must stop by what its script says, on the monotonic clock; infinite if it says nothing.

    Raises UserError if that is over as the job begins: it would stop and be run again without ever taking a step.
    """
    epoch = os.environ.get(DEADLINE)
    left_s = float(epoch) - time.time() if epoch else float("inf")
    if left_s <= 0:
        raise UserError(
            f"the time that ${DEADLINE} names is over as training starts: the job's time limit is not longer than the "
            "margin in which it stops itself; ask for more `runtime`, or lower `pjm-elapse-margin-s` in the profile"
        )
    return time.monotonic() + left_s


@contextmanager
def stop_requests(walltime_s: float | None = None, stop_margin_s: float = 0.0) -> Iterator[StopRequest]:
    """Turn SIGTERM, SIGINT, SIGXCPU and a time limit into a request that the body looks at between steps."""
    request = StopRequest(walltime_s, stop_margin_s)
    before = {number: signal.signal(number, request.note) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
