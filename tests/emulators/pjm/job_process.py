"""The script of a job as processes of this machine: its start, and how all that it started is found and signalled."""

import contextlib
import ctypes
import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

from emulators.pjm.scheduling import address
from emulators.pjm.store import MARK, Row, Store

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SWEEP_PAUSE_S = 0.01
NOT_EXECUTABLE = 126
AGENT = """#!/bin/sh
# Stands for the login to another node: runs the command here, with a temporary folder of that node's own.
host=$1; shift
export TMPDIR="{spool}/$host"
mkdir -p "$TMPDIR"
exec /bin/sh -c "$*"
"""
"""PJM's nodes are reached without ssh; here every node is this machine."""

_libc = ctypes.CDLL(None, use_errno=True)


class UnreachableError(Exception):
    """The folder of submission or an output file cannot be used where the job runs."""


def adopt_orphans() -> None:
    """Become the parent of whatever a job's processes leave behind, in whatever session, so that all can be found."""
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def start(store: Store, job: Row, told_limit_s: int) -> int:
    """Start the script and return its process id. Raises UnreachableError."""
    environment, options = _environment(store, job, told_limit_s), json.loads(job["options"])
    out = expand(options.get("-o", "%n.%j.out"), job)
    err = out if "-j" in options else expand(options.get("-e", "%n.%j.err"), job)
    try:
        os.chdir(job["work_directory"])
        # A job that runs again after its node failed adds to what it wrote before.
        streams = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for path in dict.fromkeys((out, err))]
    except OSError as error:
        raise UnreachableError(str(error)) from None
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        os.chdir("/")
        return pid
    try:
        _become_script(store.spool(job["id"]) / "script", streams, environment)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def expand(pattern: str, job: Row) -> str:
    """Return a path in the folder of submission, with PJM's metacharacters replaced."""
    words = {"%j": str(job["id"]), "%J": str(job["id"]), "%b": "", "%s": "", "%n": job["name"]}
    for letters, word in words.items():
        pattern = pattern.replace(letters, word)
    return str(Path(job["work_directory"]) / pattern)


def descendants() -> list[int]:
    """Return all processes under this one, grandchildren and adopted ones too."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            words = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if words[0] != "Z":
                children.setdefault(int(words[1]), []).append(pid)
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def signal_all(number: signal.Signals) -> None:
    """Send a signal to every process of the job."""
    for pid in descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_all() -> None:
    """Kill every process of the job, and those that they start meanwhile."""
    while descendants():
        signal_all(signal.SIGKILL)
        reap()
        time.sleep(SWEEP_PAUSE_S)
    reap()


def reap(wanted: int = -1) -> int | None:
    """Bury children that ended; return the wait status of `wanted` if it is among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = ended[1] if ended[0] == wanted else status
    return status


def _become_script(script: Path, streams: list[int], environment: dict[str, str]) -> None:
    supervisor = os.getppid()
    os.setsid()
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != supervisor:
        return
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    os.dup2(streams[0], 1)
    os.dup2(streams[-1], 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    program = [str(script)] if script.read_bytes()[:2] == b"#!" else ["/bin/sh", str(script)]
    os.execve(program[0], program, environment)  # noqa: S606  # a script is what is asked for


def _environment(store: Store, job: Row, told_limit_s: int) -> dict[str, str]:
    spool, options = store.spool(job["id"]), json.loads(job["options"])
    nodes = [address(node) for node, _ in json.loads(job["allocated"])]
    processes = -(-job["processes"] // len(nodes))
    node_file = spool / "nodes"
    node_file.write_text("".join(f"{node}\n" * processes for node in nodes))
    user = store.setting("user")
    clean = {
        "PATH": SYSTEM_PATH,
        "HOME": str(store.folder / "not-visible-on-compute-nodes" / user),
        "LOGNAME": user,
        "USER": user,
        "SHELL": "/bin/sh",
    }
    values = {
        "PJM_JOBID": job["id"],
        "PJM_SUBJOBID": job["id"],
        "PJM_JOBNAME": job["name"],
        "PJM_JOBDIR": job["work_directory"],
        "PJM_O_WORKDIR": job["work_directory"],
        "PJM_O_HOST": os.uname().nodename,
        "PJM_O_NODEINF": node_file,
        "PJM_NODE": job["nodes"] or 1,
        "PJM_MPI_PROC": job["processes"],
        "PJM_PROC_BY_NODE": processes,
        "PJM_RSCGRP": job["rscgrp"],
        "PJM_ELAPSE_LIMIT": told_limit_s,
        "PJM_ENVIRONMENT": "BATCH",
        "PJM_RETRYNUM": job["runs"] - 1,
        "PJM_STDOUT_PATH": expand(options.get("-o", "%n.%j.out"), job),
    }
    if job["norestart"]:
        values["PJM_NORESTART"] = 1
    told = {name: str(value) for name, value in values.items()}
    site: dict[str, str] = store.setting("site")["environment"]
    submitted: dict[str, str] = json.loads(job["environment"])
    mpi = _mpi_settings(spool) if len(nodes) > 1 else {}
    return clean | mpi | site | submitted | told | {MARK: store.setting("mark")}


def _mpi_settings(spool: Path) -> dict[str, str]:
    """Let Open MPI start its daemons on 'other nodes' that are this machine."""
    agent = spool / "agent"
    agent.write_text(AGENT.format(spool=spool))
    agent.chmod(agent.stat().st_mode | stat.S_IXUSR)
    return {
        "OMPI_MCA_plm_rsh_agent": str(agent),
        "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
        "OMPI_MCA_oob_tcp_if_include": "lo",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def codes(status: int, code_when_signalled: int) -> dict[str, Any]:
    """Return exit code and signal number as PJM tells them; what it says of the first after a signal is not known."""
    if os.WIFSIGNALED(status):
        return {"exit_code": code_when_signalled, "signal": os.WTERMSIG(status)}
    return {"exit_code": os.WEXITSTATUS(status), "signal": 0}
