"""The processes of a training job as one: whether they run, how they ended, and an end to all of them."""

import contextlib
import os
import signal
import subprocess
from types import TracebackType

from tenbin.launching.death import END, kill_marked

GRACE_S = 10.0
"""What the launcher has to end its ranks in, before everything is killed."""


class RankedProcess:
    """A launcher and the ranks under it; leaving the context ends whatever still runs."""

    def __init__(self, launcher: subprocess.Popen[bytes], mark: str) -> None:
        self._launcher = launcher
        self._mark = mark

    @property
    def pid(self) -> int:
        """Return the launcher's process id."""
        return self._launcher.pid

    def poll(self) -> int | None:
        """Return None while it runs, 0 after every rank has ended with 0, else another status."""
        return self._launcher.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the status. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        return self._launcher.wait(timeout)

    def terminate(self, grace_s: float = GRACE_S) -> None:
        """Ask the launcher to end its ranks; kill the whole tree on this machine after a grace."""
        try:
            self._signal(END)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._launcher.wait(grace_s)
        finally:
            self._signal(signal.SIGKILL)
            kill_marked(self._mark)
            self._launcher.wait()

    def __enter__(self) -> "RankedProcess":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.terminate()

    def _signal(self, number: signal.Signals) -> None:
        """Signal the launcher's process group while the launcher has not been waited for."""
        if self._launcher.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._launcher.pid, number)
