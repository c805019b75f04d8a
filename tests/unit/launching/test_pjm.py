"""Ranks on several nodes of a PJM job: its node file and a real Open MPI, on two addresses of this machine.

What would log in to a node is replaced by a script that stays here, and gives each 'node' a folder of its own.
"""

import json
import shutil
import time

import pytest
from harness import skip_or_fail
from processes import living, wait_for

from tenbin.errors import UserError
from tenbin.launching.ranks import start_ranks
from tenbin.study.execution import Placement

NODES = ("127.0.0.2", "127.0.0.3")
AGENT = """#!/bin/sh
host=$1; shift
export TMPDIR={folder}/$host NODE_OF_TEST=$host
mkdir -p $TMPDIR
exec sh -c "$*"
"""
ALL_REDUCE = """
import json, os
import torch, torch.distributed
torch.distributed.init_process_group("gloo")
total = torch.tensor([10.0 ** torch.distributed.get_rank()])
torch.distributed.all_reduce(total)
names = ("RANK", "LOCAL_RANK", "NODE_OF_TEST", "COLOUR")
print(json.dumps({name: os.environ[name] for name in names} | {"sum": total.item()}))
torch.distributed.destroy_process_group()
"""


@pytest.fixture
def pjm_job(tmp_path, monkeypatch):
    """Set up the environment of a job with two nodes."""
    for name in ("SLURM_JOB_NODELIST", "SLURM_NODELIST"):
        monkeypatch.delenv(name, raising=False)
    nodes = tmp_path / "nodes"
    nodes.write_text("".join(f"{name}\n{name}\n" for name in NODES))
    monkeypatch.setenv("PJM_O_NODEINF", str(nodes))
    return nodes


@pytest.fixture
def open_mpi(tmp_path, monkeypatch):
    if not shutil.which("mpirun"):
        skip_or_fail("mpi", "mpirun not installed (openmpi-bin): several nodes of PJM were not checked")
    agent = tmp_path / "agent"
    agent.write_text(AGENT.format(folder=tmp_path))
    agent.chmod(0o755)
    settings = {
        "OMPI_MCA_plm_rsh_agent": str(agent),
        "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
        "OMPI_MCA_oob_tcp_if_include": "lo",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.usefixtures("pjm_job", "open_mpi")
def test_an_all_reduce_spans_two_nodes(write_program, tmp_path):
    log, placement = tmp_path / "log", Placement(nodes=2, processes_per_node=2)
    with start_ranks(write_program(ALL_REDUCE), placement, log=log, environment={"COLOUR": "red"}) as ranks:
        assert ranks.wait(100) == 0, log.read_text()
    # mpirun itself may warn in between.
    printed = [line for line in log.read_text().splitlines() if line.startswith("{")]
    lines = sorted(map(json.loads, printed), key=lambda line: line["RANK"])
    assert [line["sum"] for line in lines] == [1111.0] * 4
    assert [(line["LOCAL_RANK"], line["NODE_OF_TEST"]) for line in lines] == [
        (local, node) for node in NODES for local in ("0", "1")
    ]
    assert {line["COLOUR"] for line in lines} == {"red"}


@pytest.mark.slow
@pytest.mark.usefixtures("pjm_job", "open_mpi")
def test_terminate_ends_ranks_on_both_nodes(write_program, tmp_path):
    program, log = write_program("import time; print('ready'); time.sleep(600)"), tmp_path / "log"
    with start_ranks(program, Placement(nodes=2, processes_per_node=2), log=log) as ranks:
        wait_for(log, "ready", 4)
        started = time.monotonic()
        ranks.terminate(grace_s=20.0)
        assert time.monotonic() - started < 20, "mpirun did not pass the end on"
        assert not living(program[0])


@pytest.mark.usefixtures("pjm_job")
def test_more_nodes_than_the_file_lists_are_refused(write_program, tmp_path):
    log = tmp_path / "log"
    with pytest.raises(UserError, match=r"asks for 3 nodes, but this PJM job has 2: 127\.0\.0\.2, 127\.0\.0\.3"):
        start_ranks(write_program(ALL_REDUCE), Placement(nodes=3), log=log)


@pytest.mark.usefixtures("pjm_job")
def test_a_job_without_mpirun_is_refused(write_program, tmp_path):
    with pytest.raises(UserError, match="neither mpirun nor mpiexec is on PATH"):
        start_ranks(
            write_program(ALL_REDUCE), Placement(nodes=2), log=tmp_path / "log", environment={"PATH": str(tmp_path)}
        )


def test_a_node_file_that_is_gone_is_named(pjm_job, write_program, tmp_path):
    pjm_job.unlink()
    with pytest.raises(UserError, match=r"PJM_O_NODEINF .* names .*nodes, which cannot be read: No such file"):
        start_ranks(write_program(ALL_REDUCE), Placement(nodes=2), log=tmp_path / "log")
