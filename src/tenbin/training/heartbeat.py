"""Signs of life of a generation's writer, for others that wait to take its run over.

A thread rewrites a small file with a growing number; whoever waits watches the number by a clock of his own, for
clocks of two machines never agree. The files are not flushed to disk: a beat that a crash loses belongs to a writer
that the crash ended.
"""

import threading
import time
from types import TracebackType

from tenbin.training import log
from tenbin.training.generations import LEASE_S, Generation
from tenbin.training.stopping import StopRequest
from tenbin.training.writers import is_gone

BEATS = "heartbeat"
RELEASED = "released"
"""Mark of a writer that has ended in order. Made by hand, it declares a writer dead."""
BEATS_IN_A_LEASE = 18


class Heartbeat:
    """Beats while its body runs, and tells the body to stop if another process has taken the run over."""

    def __init__(self, generation: Generation, request: StopRequest, lease_s: float = LEASE_S) -> None:
        self._generation, self._request = generation, request
        self._interval_s = lease_s / BEATS_IN_A_LEASE
        self._count = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._beat()
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        release(self._generation)

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            try:
                self._beat()
                self._request.taken_over = not self._generation.is_newest()
            except OSError as error:
                # One missed beat harms nothing; a disk that stays away is reported by the next checkpoint.
                log.notice(f"no sign of life written: {error}")

    def _beat(self) -> None:
        self._count += 1
        path = self._generation.folder / BEATS
        partial = path.with_name(f".{BEATS}.partial")
        partial.write_text(str(self._count), encoding="ascii")
        partial.replace(path)


class Watch:
    """One generation's writer, seen from another process."""

    def __init__(self, generation: Generation, lease_s: float = LEASE_S) -> None:
        self.generation = generation
        self.owner = generation.owner
        # The writer's own lease, for its beats are as rare as that allows.
        self.lease_s: float = self.owner.get("lease_s", lease_s)
        self._beats, self._changed = _read_beats(generation), time.monotonic()

    def why_free(self) -> str | None:
        """Return why this run may be taken over now, None if it may not."""
        if (self.generation.folder / RELEASED).exists():
            return "it was released"
        if is_gone(self.owner):
            return "it runs no more"
        if self._silent_s() >= self.lease_s:
            return f"it has given no sign of life for {self.lease_s:g} s"
        return None

    def _silent_s(self) -> float:
        beats = _read_beats(self.generation)
        # An unreadable number is no news: shared file systems show a file being replaced as missing or stale.
        if beats is not None and beats != self._beats:
            self._beats, self._changed = beats, time.monotonic()
        return time.monotonic() - self._changed


def release(generation: Generation) -> None:
    """Mark that a generation's writer has ended."""
    (generation.folder / RELEASED).touch()


def _read_beats(generation: Generation) -> int | None:
    try:
        return int((generation.folder / BEATS).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
