"""Writers: who they are, and when it is sure that they are gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenbin.training.writers import describe_process, is_gone, name_writer

SLEEP = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(60)"]


@pytest.fixture
def child():
    """Return a process that sleeps, and its description."""
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        yield process, describe_process() | {"pid": process.pid, "process_start_ticks": fields[19]}
        process.kill()


def test_this_process_is_not_gone():
    assert not is_gone(describe_process())


def test_a_process_is_gone_once_it_is_killed_even_if_nobody_asked_for_its_status(child):
    process, owner = child
    assert not is_gone(owner)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)
    process.wait()
    assert is_gone(owner)


def test_another_process_that_got_its_number_is_not_the_writer():
    assert is_gone(describe_process() | {"process_start_ticks": "1"})


@pytest.mark.parametrize("place", ["host", "boot", "pid_namespace"])
def test_nothing_is_known_of_a_process_of_another_place(place):
    assert not is_gone(describe_process() | {"pid": 2**22 + 1, place: "another"})
    assert is_gone(describe_process() | {"pid": 2**22 + 1})


def test_a_writer_of_which_little_is_known_is_not_gone():
    assert not is_gone({"host": describe_process()["host"], "pid": 2**22 + 1})


@pytest.mark.parametrize(("variable", "job"), [("SLURM_JOB_ID", "4711"), ("PJM_JOBID", "88"), ("OTHER", None)])
def test_the_batch_job_is_named(monkeypatch, variable, job):
    for name in ("SLURM_JOB_ID", "PJM_JOBID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "4711" if variable != "PJM_JOBID" else "88")
    owner = describe_process() | {"host": "node7", "pid": 5}
    assert owner["job"] == job
    assert name_writer(owner) == (f"job {job} on node7, process 5" if job else "node7, process 5")
