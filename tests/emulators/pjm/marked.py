"""All processes of an emulated job manager, found by a mark in their environment, and an end to them."""

import contextlib
import os
import signal
import time
from pathlib import Path

from emulators.pjm.store import MARK

PAUSE_S, PATIENCE_S = 0.02, 10.0


def marked(mark: str) -> dict[int, dict[str, str]]:
    """Return the living processes that bear a mark, with their environment."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid: variables for pid in pids if (variables := _environment(pid, mark))}


def kill_marked(mark: str) -> list[int]:
    """Kill them and what they start meanwhile; return those that do not die."""
    deadline = time.monotonic() + PATIENCE_S
    while (living := marked(mark)) and time.monotonic() < deadline:
        for pid in living:
            _kill(pid, mark)
        time.sleep(PAUSE_S)
    return list(living)


def _environment(pid: int, mark: str) -> dict[str, str]:
    """Return the environment of a process that bears the mark, otherwise nothing.

    A process that has ended has no environment, another user's cannot be read.
    """
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    if f"{MARK}={mark}".encode() not in words:
        return {}
    return dict(word.decode(errors="replace").split("=", 1) for word in words if b"=" in word)


def _kill(pid: int, mark: str) -> None:
    """Kill a process by a handle, so that another one that took over its number is never hit."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _environment(pid, mark):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
