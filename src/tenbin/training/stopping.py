"""Being stopped: a signal or the job's own time limit lets the current step finish and its state be saved.

A batch system kills a job at its time limit without waiting; a job that leaves before it loses nothing. The limit
counts from the start of this process, read when this module is loaded: early, for every import after it takes time.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PROCESS_START = time.monotonic()
STOPPED_IN_TIME = 75
"""Exit status of a job that stopped before its time limit: sysexits' EX_TEMPFAIL, "run again to go on"."""


class StopRequest:
    """Whether this process should save its state and leave: by a signal, at its time limit, or taken over."""

    def __init__(self, walltime_s: float | None = None, stop_margin_s: float = 0.0) -> None:
        self.signal: signal.Signals | None = None
        self.taken_over = False
        self._walltime_s, self._stop_margin_s = walltime_s, stop_margin_s

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
        assert self._walltime_s is not None
        return f"{self._stop_margin_s:g} s before the time limit of {self._walltime_s:g} s"

    @property
    def exit_status(self) -> int:
        """Return 143 after SIGTERM and 130 after SIGINT, as is customary, and 75 for a job that stopped in time."""
        return STOPPED_IN_TIME if self.signal is None else 128 + self.signal

    def seconds_left(self) -> float:
        """Return the seconds until this process must stop, infinite without a time limit."""
        if self._walltime_s is None:
            return float("inf")
        return PROCESS_START + self._walltime_s - self._stop_margin_s - time.monotonic()

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Remember a signal."""
        self.signal = signal.Signals(number)


@contextmanager
def stop_requests(walltime_s: float | None = None, stop_margin_s: float = 0.0) -> Iterator[StopRequest]:
    """Turn SIGTERM, SIGINT and a time limit into a request that the body looks at between steps."""
    request = StopRequest(walltime_s, stop_margin_s)
    before = {number: signal.signal(number, request.note) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
