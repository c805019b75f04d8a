"""Command lines: torch's launcher on a node, and what starts it once on each of several nodes."""

import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tenbin.launching.death import END

AGENT = "TENBIN_AGENT_PID"
"""Tells a rank the process id of its launcher."""
PYTHON = (sys.executable, "-P", "-m")
"""Runs a module, and never one that only happens to lie in the working folder."""
SHUTDOWN_TIMEOUT_S = 2
"""After which torch's launcher kills ranks that do not end when it is ended: before its own grace is over."""
OF_ONE_PROCESS = ("_", "HOSTNAME", "OLDPWD", "PWD", "SHLVL")
OF_THE_STARTER = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_")


def single_launcher(program: Sequence[str], ranks: int) -> list[str]:
    """Return torch's launcher for one node, on a free port of its own choice."""
    return [*_launcher(ranks), "--standalone", "--local-addr=127.0.0.1", *_in_rank(program)]


def static_launcher(
    program: Sequence[str], nodes: int, ranks: int, node_rank: int, master: tuple[str, int]
) -> list[str]:
    """Return torch's launcher for one of several nodes; `master` is address and port of the first one."""
    place = [
        f"--nnodes={nodes}",
        f"--node-rank={node_rank}",
        f"--master-addr={master[0]}",
        f"--master-port={master[1]}",
    ]
    return [*_launcher(ranks), *place, *_in_rank(program)]


def on_every_node(program: Sequence[str], nodes: int, ranks: int, master: tuple[str, int], starter: str) -> list[str]:
    """Return what runs once on each node."""
    shape = [f"--starter={starter}", f"--nodes={nodes}", f"--ranks-per-node={ranks}"]
    place = [f"--address={master[0]}", f"--port={master[1]}"]
    return [*PYTHON, "tenbin.launching.on_node", *shape, *place, "--", *program]


def srun_command(names: Sequence[str], cpus_per_node: str | None) -> list[str]:
    """Return Slurm's part: one task a node with all CPUs of it, and the end of all when one fails.

    A job step may already hold the job's resources, that of the batch system's own start for example: `--overlap`.
    """
    shape = [f"--nodes={len(names)}", f"--ntasks={len(names)}", "--ntasks-per-node=1", f"--nodelist={','.join(names)}"]
    cpus = [f"--cpus-per-task={cpus_per_node}"] if cpus_per_node else []
    return ["srun", *shape, *cpus, "--mem=0", "--cpu-bind=none", "--overlap", "--kill-on-bad-exit=1", "--input=none"]


def mpirun_command(program: str, nodes: int, machinefile: Path, variables: Iterable[str]) -> list[str]:
    """Return Open MPI's part: one process a node, bound to no core, with this environment's variables."""
    shape = ["-np", str(nodes), "-machinefile", str(machinefile), "--map-by", "ppr:1:node", "--bind-to", "none"]
    return [program, *shape, *(word for name in sorted(variables) for word in ("-x", name))]


def exported(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that other nodes need too: all but those of one process or of whoever starts it there."""
    names = (name for name in environment if name.isidentifier() and name not in OF_ONE_PROCESS)
    return [name for name in names if not name.startswith(OF_THE_STARTER) and name != AGENT]


def tied(command: Sequence[str], number: signal.Signals) -> list[str]:
    """Return a command that gets a signal when this process ends."""
    return [*PYTHON, "tenbin.launching.tied", str(os.getpid()), number.name, *command]


def _launcher(ranks: int) -> list[str]:
    shape = [f"--nproc-per-node={ranks}", "--max-restarts=0"]
    ending = [f"--signals-to-handle={END.name}", f"--shutdown-timeout={SHUTDOWN_TIMEOUT_S}"]
    return [*PYTHON, "torch.distributed.run", *shape, *ending]


def _in_rank(program: Sequence[str]) -> list[str]:
    return ["--no-python", *PYTHON, "tenbin.launching.in_rank", *program]
