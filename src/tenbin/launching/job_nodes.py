"""The nodes of the batch job that this process runs in, from what the batch system says of them.

Slurm names them in SLURM_JOB_NODELIST, which `scontrol show hostnames` expands; Fujitsu's PJM in a file, PJM_O_NODEINF.
"""

import contextlib
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tenbin.errors import UserError

SLURM_LISTS = ("SLURM_JOB_NODELIST", "SLURM_NODELIST")
PJM_FILE = "PJM_O_NODEINF"


@dataclass(frozen=True)
class JobNodes:
    """A job's nodes in its batch system's order, and the file that lists them if that is how they are known."""

    system: Literal["slurm", "pjm", "none"]
    names: tuple[str, ...]
    file: Path | None = None

    def first(self, count: int) -> tuple[str, ...]:
        """Return the first nodes. Raises UserError if the job has fewer."""
        if count <= len(self.names):
            return self.names[:count]
        if self.system == "none":
            where = "this process is in no job of Slurm (SLURM_JOB_NODELIST) or PJM (PJM_O_NODEINF)"
        else:
            where = f"this {SYSTEM_NAMES[self.system]} job has {len(self.names)}: {', '.join(self.names)}"
        raise UserError(
            f"the placement asks for {count} nodes, but {where}; submit the job with {count} nodes, or lower `nodes` "
            "of the size in execution.placements"
        )


SYSTEM_NAMES = {"slurm": "Slurm", "pjm": "PJM"}


def find_job_nodes(environment: Mapping[str, str]) -> JobNodes:
    """Return the nodes of the job of this environment, or this machine alone outside of any job."""
    for variable in SLURM_LISTS:
        if names := environment.get(variable):
            return JobNodes("slurm", _expand(names, environment))
    if file := environment.get(PJM_FILE):
        return JobNodes("pjm", _read_node_file(Path(file)), Path(file))
    return JobNodes("none", ("localhost",))


def address_of(nodes: JobNodes, name: str, environment: Mapping[str, str]) -> str:
    """Return how a node is reached: its name if that resolves, else the address that Slurm knows it by."""
    with contextlib.suppress(OSError):
        socket.getaddrinfo(name, None)
        return name
    if nodes.system == "slurm":
        words = _scontrol(environment, "show", "node", "--oneliner", name).split()
        known = dict(word.split("=", 1) for word in words if "=" in word)
        return known.get("NodeAddr", name)
    raise UserError(f"the job's first node {name} has no address that this machine knows; ask the site's support")


def _expand(names: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(_scontrol(environment, "show", "hostnames", names).split())


def _scontrol(environment: Mapping[str, str], *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["scontrol", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"scontrol, which knows the nodes of this Slurm job, does not answer: {error}") from None
    if done.returncode:
        raise UserError(f"`scontrol {' '.join(arguments)}` failed in this Slurm job: {done.stderr.strip()}")
    return done.stdout


def _read_node_file(path: Path) -> tuple[str, ...]:
    """Read one node a line; a node may stand there once for each of its processes."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"{PJM_FILE} of this PJM job names {path}, which cannot be read: {error.strerror}") from None
    names = [line.split("#")[0].split() for line in lines]
    return tuple(dict.fromkeys(words[0].partition(":")[0] for words in names if words))
