"""Start the training processes (ranks) of a placement, through torch's own launcher on each node and without ssh.

One node: the launcher runs here. Several nodes: Slurm's `srun`, or `mpirun` with PJM's node file, starts it once on
each node of this process's own job.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sysconfig
import uuid
from collections.abc import Mapping
from pathlib import Path

import tenbin
from tenbin.errors import UserError
from tenbin.launching.commands import exported, mpirun_command, on_every_node, single_launcher, srun_command, tied
from tenbin.launching.death import END, MARK
from tenbin.launching.gpus import require_gpus
from tenbin.launching.job_nodes import JobNodes, address_of, find_job_nodes
from tenbin.launching.process import RankedProcess
from tenbin.study.execution import Placement

# Below the ports that Linux hands out for outgoing connections, from 32768 on.
FIRST_PORT, LAST_PORT = 20_000, 32_000


def start_ranks(
    program: list[str], placement: Placement, *, log: Path, environment: dict[str, str] | None = None
) -> RankedProcess:
    """Start `python program...` as every rank of a placement; stdout and stderr of all go to `log`, appended.

    `program` is `["-m", module, ...]`, not looked for in the working folder, or `[script, ...]`; `environment` is added
    to this process's. Ranks find RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, and no GPU if the placement
    has none; OMP_NUM_THREADS is 1 unless it is given. They end when the calling thread does, however that comes about.
    Raises UserError, before anything starts, if this job has fewer nodes or this machine fewer GPUs than the placement
    asks for.
    """
    require_gpus(placement)
    mark = uuid.uuid4().hex
    variables = _environment(placement, environment or {}, mark)
    command = _command(program, placement, variables)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        launcher = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
    return RankedProcess(launcher, mark)


def _environment(placement: Placement, more: Mapping[str, str], mark: str) -> dict[str, str]:
    # Unbuffered, a line goes out in pieces.
    variables = {
        "OMP_NUM_THREADS": "1",
        **os.environ,
        **more,
        MARK: mark,
        "PYTHONPATH": _python_path(more),
        "PYTHONUNBUFFERED": "",
    }
    if not placement.gpus_per_node:
        variables["CUDA_VISIBLE_DEVICES"] = ""
    return variables


def _python_path(more: Mapping[str, str]) -> str:
    """Return a search path on which ranks find this very package, installed or not."""
    source = Path(tenbin.__file__).parents[1]
    given = more.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    installed = source == Path(sysconfig.get_path("purelib"))
    return given if installed else os.pathsep.join(filter(None, (str(source), given)))


def _command(program: list[str], placement: Placement, environment: Mapping[str, str]) -> list[str]:
    if placement.nodes == 1:
        return tied(single_launcher(program, placement.ranks_per_node), signal.SIGKILL)
    nodes = find_job_nodes(environment)
    names = nodes.first(placement.nodes)
    master = (address_of(nodes, names[0], environment), free_port())
    starter = "srun" if nodes.system == "slurm" else "mpirun"
    inner = on_every_node(program, placement.nodes, placement.ranks_per_node, master, starter)
    # These two pass the end on to other nodes, which they can't when killed outright.
    return tied([*_starter(nodes, names, environment), *inner], END)


def _starter(nodes: JobNodes, names: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    if nodes.system == "slurm":
        return srun_command(names, environment.get("SLURM_CPUS_ON_NODE"))
    assert nodes.file is not None
    found = [path for name in ("mpirun", "mpiexec") if (path := shutil.which(name, path=environment.get("PATH")))]
    if not found:
        raise UserError(
            "this PJM job starts training on several nodes through mpirun, but neither mpirun nor mpiexec is on PATH; "
            "load the site's Open MPI module in the job"
        )
    return mpirun_command(found[0], len(names), nodes.file, exported(environment))


def free_port() -> int:
    """Return a port of this machine that was free a moment ago, other than those of outgoing connections."""
    while True:
        port = random.randint(FIRST_PORT, LAST_PORT)  # noqa: S311  # it guards nothing
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
