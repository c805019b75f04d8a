"""Which process writes a generation, and whether it is provably gone.

A process is known by host, boot of the kernel, PID namespace, PID and the time it started at. Only a process of the
same kernel and namespace can be looked up; of any other one can only wait for a sign of life (`heartbeat`).
"""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

JOB_VARIABLES = ("SLURM_JOB_ID", "PJM_JOBID")
PLACE = ("host", "boot", "pid_namespace")
ENDED = ("Z", "X")
"""States of a process that runs no more: its parent has not asked for its status yet."""


def describe_process() -> dict[str, Any]:
    """Return who this process is."""
    return {
        "job": next((os.environ[name] for name in JOB_VARIABLES if name in os.environ), None),
        "host": platform.node(),
        "boot": _read(Path("/proc/sys/kernel/random/boot_id")),
        "pid_namespace": _pid_namespace(),
        "pid": os.getpid(),
        "process_start_ticks": _state_and_start(os.getpid())[1],
    }


def name_writer(owner: Mapping[str, Any]) -> str:
    """Return a writer as a reader of logs knows it."""
    job = f"job {owner['job']} on " if owner.get("job") else ""
    return f"{job}{owner['host']}, process {owner['pid']}"


def is_gone(owner: Mapping[str, Any]) -> bool:
    """Whether a writer is known to run no more; False if it may run somewhere that cannot be seen from here."""
    here = describe_process()
    if any(owner.get(key) != here[key] for key in PLACE):
        return False
    return not _runs(owner["pid"], owner["process_start_ticks"])


def _runs(pid: int, start_ticks: str | None) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state, start = _state_and_start(pid)
    return state not in ENDED and start == start_ticks


def _state_and_start(pid: int) -> tuple[str | None, str | None]:
    """Return a process's state and its start in clock ticks since boot (proc(5)); nothing where there is no /proc."""
    fields = (_read(Path(f"/proc/{pid}/stat")) or "").rpartition(")")[2].split()
    return (fields[0], fields[19]) if fields else (None, None)


def _pid_namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
