"""No process outlives the one that started it: Linux's parent-death signal, and a mark that every descendant inherits.

torch's launcher puts each rank into a session of its own, where a signal to the launcher's process group does not
reach it; and a launcher that is killed outright ends nothing. The mark is an environment variable, so that what a
rank started in turn is found too.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "TENBIN_LAUNCH"
PR_SET_PDEATHSIG = 1
END = signal.SIGUSR1
"""Ends a launcher and its ranks in order: `srun` and `mpirun` pass it on to other nodes."""
OF_BATCH_SYSTEMS = (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU)
SWEEP_PAUSE_S = 0.02
SWEEP_LIMIT_S = 5.0


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Have the kernel send this process a signal when its parent ends; leave at once if the parent is gone already.

    The signal stays set across exec. It is sent when the parent's thread ends that started this process.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def leave_signals_to_the_job() -> None:
    """Ignore what a batch system sends to all processes of a job before it kills them, in what this one execs too.

    The process that started the ranks gets it as well, and decides: it may have them save their state first.
    """
    for number in OF_BATCH_SYSTEMS:
        signal.signal(number, signal.SIG_IGN)


def kill_marked(mark: str) -> None:
    """Kill every process on this machine that bears a mark, and what they start meanwhile."""
    deadline = time.monotonic() + SWEEP_LIMIT_S
    while (living := list(_marked(mark))) and time.monotonic() < deadline:
        for pid in living:
            _kill(pid, mark)
        time.sleep(SWEEP_PAUSE_S)


def _marked(mark: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _bears(int(entry.name), mark):
            yield int(entry.name)


def _bears(pid: int, mark: str) -> bool:
    """Whether a process bears the mark; one that has ended has no environment, another user's cannot be read."""
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _kill(pid: int, mark: str) -> None:
    """Kill a process by a handle, so that another one that took over its number is never hit."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _bears(pid, mark):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
