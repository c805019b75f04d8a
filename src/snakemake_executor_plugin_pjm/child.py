"""One of PJM's programs as a child process that can be given up at any time, with all that it started.

It gets a session of its own, so that a terminal's Ctrl-C reaches Snakemake alone. What it prints is read without ever
waiting for the end of a stream, which a process that it leaves behind could hold open; and it is kept in memory, since
a full disk could cut it short unnoticed.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

KILL_LIMIT_S = 5.0
"""After which a process that was killed is left alone: one that waits for a dead file system cannot end."""
SHORTEST_LOOK_S, LONGEST_LOOK_S = 0.001, 0.05
PIPE_BYTES = 1 << 20
"""More than a pipe holds, unless root has made it larger."""


@dataclass(frozen=True)
class Ending:
    """How a program ended, and what it printed where that was not sent elsewhere."""

    status: int | None
    """Exit status, negative for a signal; None if it was given up and killed."""
    words: str
    """The same for a message: `it ended with status 1`."""
    output: str = ""
    errors: str = ""


def run_child(
    argv: Sequence[str],
    limit_s: float,
    stop: threading.Event,
    output: IO[bytes] | int = subprocess.PIPE,
    errors: IO[bytes] | int = subprocess.PIPE,
) -> Ending:
    """Run a program to its end, for `limit_s` seconds, or until `stop` is set. Raises OSError if it can't start."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True)
    with _Pipe(child.stdout) as said, _Pipe(child.stderr) as complained:
        try:
            _wait(child, time.monotonic() + limit_s, stop, (said, complained))
        finally:
            status = child.poll()
            if status is None:
                _kill(child)
        return Ending(status, _words(status, limit_s, stop), said.text(), complained.text())


class _Pipe:
    """What a program prints into a pipe, or nothing if it prints elsewhere."""

    def __init__(self, end: IO[bytes] | None) -> None:
        self._end = end
        self._said = bytearray()
        if end:
            os.set_blocking(end.fileno(), False)

    def __enter__(self) -> "_Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        if self._end:
            self._end.close()

    def take(self) -> bool:
        """Take what is there; whether there was something."""
        if self._end:
            with contextlib.suppress(BlockingIOError):
                taken = os.read(self._end.fileno(), PIPE_BYTES)
                self._said += taken
                return bool(taken)
        return False

    def text(self) -> str:
        """Return all that was printed before the program's end."""
        self.take()
        return self._said.decode("utf-8", errors="replace")


def _wait(child: subprocess.Popen[bytes], deadline: float, stop: threading.Event, pipes: Sequence[_Pipe]) -> None:
    """Only this thread ever waits for the child, so that no signal can hit another process of the same number."""
    pause_s = SHORTEST_LOOK_S
    while child.poll() is None and (left_s := deadline - time.monotonic()) > 0:
        heard = [pipe.take() for pipe in pipes]
        pause_s = SHORTEST_LOOK_S if any(heard) else min(2 * pause_s, LONGEST_LOOK_S)
        if stop.wait(min(pause_s, left_s)):
            return


def _kill(child: subprocess.Popen[bytes]) -> None:
    # Another user's process, as a program with its owner's rights is, can't be killed, only left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(KILL_LIMIT_S)


def _words(status: int | None, limit_s: float, stop: threading.Event) -> str:
    if status is None:
        return "it was stopped" if stop.is_set() else f"it gave no answer within {limit_s:g} s"
    return f"it ended with status {status}" if status >= 0 else f"it was ended by signal {-status}"
