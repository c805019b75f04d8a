"""Ranks on several nodes of a real Slurm, which runs for these tests on this machine."""

import json
import sys
import time

import pytest
from clusters import run_job, slurm_cluster
from processes import wait_until_gone

pytestmark = pytest.mark.slow

ALL_REDUCE = """
import json, os, sys
import torch, torch.distributed
torch.distributed.init_process_group("gloo")
total = torch.tensor([10.0 ** torch.distributed.get_rank()])
torch.distributed.all_reduce(total)
names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "COLOUR", "SLURMD_NODENAME", "OMP_NUM_THREADS")
print(json.dumps({name: os.environ[name] for name in names} | {"sum": total.item()}))
torch.distributed.destroy_process_group()
"""
START = """
import sys
from pathlib import Path
from tenbin.errors import command
from tenbin.launching.ranks import start_ranks
from tenbin.study.execution import Placement

def main():
    placement = Placement(nodes=int(sys.argv[1]), processes_per_node=2)
    with start_ranks([sys.argv[2]], placement, log=Path(sys.argv[3]), environment={"COLOUR": "red"}) as ranks:
        sys.exit(ranks.wait(float(sys.argv[4])))

command(main)
"""


@pytest.fixture(scope="module")
def cluster():
    with slurm_cluster(nodes=2) as running:
        yield running


@pytest.fixture
def start_in_job(cluster, tmp_path):
    """Run the starting program as a job; return the job's last state and output, and the ranks' log."""
    start = tmp_path / "start.py"
    start.write_text(START)
    output, log = tmp_path / "job.out", tmp_path / "ranks.log"

    def run(nodes, program, *, prefix="", wait_s=150.0):
        line = f"{prefix} {sys.executable} {start} 2 {program[0]} {log} {wait_s}"
        state = run_job(cluster, line, output, nodes)
        return state, output.read_text(), log.read_text() if log.exists() else None

    return run


def summed(log):
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return sorted(lines, key=lambda line: int(line["RANK"]))


@pytest.mark.parametrize("prefix", ["", "srun --ntasks=1 --nodes=1"], ids=["in the batch script", "in a job step"])
def test_an_all_reduce_spans_two_nodes(start_in_job, write_program, prefix):
    state, output, log = start_in_job(2, write_program(ALL_REDUCE), prefix=prefix)
    assert state == "COMPLETED", output + str(log)
    ranks = summed(log)
    assert [line["sum"] for line in ranks] == [1111.0] * 4
    assert [(line["RANK"], line["LOCAL_RANK"]) for line in ranks] == [("0", "0"), ("1", "1"), ("2", "0"), ("3", "1")]
    assert [line["SLURMD_NODENAME"] for line in ranks] == ["aq1", "aq1", "aq2", "aq2"]
    assert {line["COLOUR"] for line in ranks} == {"red"}


def test_a_job_with_fewer_nodes_than_the_placement_is_refused(start_in_job, write_program):
    state, output, log = start_in_job(1, write_program(ALL_REDUCE))
    assert state == "FAILED"
    assert "asks for 2 nodes, but this Slurm job has 1: aq" in output
    assert log is None


def test_a_rank_that_fails_ends_both_nodes(start_in_job, write_program):
    program = write_program("import os, sys, time\nif os.environ['RANK'] == '3': sys.exit('enough')\ntime.sleep(600)")
    started = time.monotonic()
    state, _, log = start_in_job(2, program)
    assert state == "FAILED"
    assert "enough" in log
    assert time.monotonic() - started < 120
    wait_until_gone(program[0])


def test_ending_the_job_ends_ranks_on_both_nodes(start_in_job, write_program):
    program = write_program("import time\nprint('ready')\ntime.sleep(600)")
    state, output, log = start_in_job(2, program, wait_s=20.0)
    assert state == "FAILED"
    assert "TimeoutExpired" in output
    assert log.count("ready") == 4
    wait_until_gone(program[0])
