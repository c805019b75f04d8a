"""Ranks on one node: real processes, their lines, their end."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from processes import living, wait_for, wait_until_gone

from tenbin.errors import UserError
from tenbin.launching.ranks import free_port, start_ranks
from tenbin.study.execution import Placement

TWO = Placement(processes_per_node=2)
SAY_WHO = """
import json, os, sys
names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "CUDA_VISIBLE_DEVICES", "COLOUR")
print(json.dumps({name: os.environ.get(name) for name in names} | {"argv": sys.argv[1:]}))
"""
CHATTER = """
import os, sys
for number in range(3000):
    stream = sys.stdout if number % 2 else sys.stderr
    print(os.environ["RANK"], "line", number, "x" * 150, "end", file=stream)
"""
SLEEP_WITH_CHILD = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = "import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child, __file__], start_new_session=True)
print("ready")
time.sleep(600)
"""
RANK_ONE_FAILS = """
import os, sys, time
if os.environ["RANK"] == "1":
    sys.exit("this rank has had enough")
time.sleep(600)
"""


def run(program, placement, log, **environment):
    with start_ranks(program, placement, log=log, environment=environment) as ranks:
        return ranks.wait(60)


def test_every_rank_knows_its_place_and_gets_arguments_and_environment(write_program, tmp_path):
    log = tmp_path / "log"
    assert run([*write_program(SAY_WHO), "--size", "3"], TWO, log, COLOUR="red") == 0
    said = sorted((json.loads(line) for line in log.read_text().splitlines()), key=lambda one: one["RANK"])
    assert [(one["RANK"], one["LOCAL_RANK"], one["WORLD_SIZE"]) for one in said] == [("0", "0", "2"), ("1", "1", "2")]
    assert all(one["argv"] == ["--size", "3"] and one["COLOUR"] == "red" for one in said)
    assert all(one["CUDA_VISIBLE_DEVICES"] == "" for one in said)
    assert said[0]["MASTER_PORT"] == said[1]["MASTER_PORT"]


def test_a_module_runs_as_after_the_interpreter(tmp_path):
    log = tmp_path / "log"
    assert run(["-m", "platform", "terse"], Placement(), log) == 0
    assert (
        log.read_text().strip()
        == subprocess.check_output([sys.executable, "-m", "platform", "terse"], text=True).strip()
    )


def test_lines_of_two_ranks_come_out_whole(write_program, tmp_path):
    log = tmp_path / "log"
    assert run(write_program(CHATTER), TWO, log) == 0
    expected = [f"{rank} line {number} {'x' * 150} end" for rank in (0, 1) for number in range(3000)]
    assert sorted(log.read_text().splitlines()) == sorted(expected)


@pytest.mark.slow  # torch's launcher gives the others half a minute
def test_a_failing_rank_ends_the_others_and_the_status_says_so(write_program, tmp_path):
    program, log = write_program(RANK_ONE_FAILS), tmp_path / "log"
    assert run(program, TWO, log) != 0
    assert "this rank has had enough" in log.read_text()
    wait_until_gone(program[0])


def test_terminate_ends_even_what_a_rank_started_and_what_ignores_it(write_program, tmp_path):
    program, log = write_program(SLEEP_WITH_CHILD), tmp_path / "log"
    with start_ranks(program, TWO, log=log) as ranks:
        wait_for(log, "ready", 2)
        assert ranks.poll() is None
        ranks.terminate(grace_s=0.5)
        assert not living(program[0])
        assert ranks.poll() not in (None, 0)


def test_what_a_batch_system_sends_to_every_process_ends_none(write_program, tmp_path):
    program, log = write_program("import time; print('ready'); time.sleep(600)"), tmp_path / "log"
    with start_ranks(program, TWO, log=log) as ranks:
        wait_for(log, "ready", 2)
        before = living(program[0])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
            for pid in before:
                os.kill(pid, number)
        with pytest.raises(subprocess.TimeoutExpired):
            ranks.wait(0.5)
        assert sorted(living(program[0])) == sorted(before)
    assert not living(program[0])


def test_leaving_the_context_by_an_error_leaves_nothing_behind(write_program, tmp_path):
    program, log = write_program("import time; print('ready'); time.sleep(600)"), tmp_path / "log"
    with suppress(KeyError), start_ranks(program, TWO, log=log):
        wait_for(log, "ready", 2)
        raise KeyError
    assert not living(program[0])


def test_ranks_end_when_the_process_that_started_them_is_killed(write_program, tmp_path):
    program, log = write_program("import time; print('ready'); time.sleep(600)"), tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", START_AND_WAIT, *program, str(log)], env=with_source())
    wait_for(log, "ready", 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait(60)
    wait_until_gone(program[0])


START_AND_WAIT = """
import sys
from pathlib import Path
from tenbin.launching.ranks import start_ranks
from tenbin.study.execution import Placement
start_ranks([sys.argv[1]], Placement(processes_per_node=2), log=Path(sys.argv[2])).wait()
"""


def with_source():
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")}


def test_gpus_that_are_not_there_are_said_before_anything_starts(write_program, tmp_path):
    log = tmp_path / "log"
    with pytest.raises(UserError, match=r"asks for 512 GPUs on each node, but torch .* on this machine"):
        start_ranks(write_program(SAY_WHO), Placement(gpus_per_node=512), log=log)
    assert not log.exists()


def test_several_nodes_outside_of_any_job_are_refused(write_program, tmp_path, monkeypatch):
    for name in ("SLURM_JOB_NODELIST", "SLURM_NODELIST", "PJM_O_NODEINF"):
        monkeypatch.delenv(name, raising=False)
    log = tmp_path / "log"
    with pytest.raises(UserError, match="asks for 2 nodes, but this process is in no job"):
        start_ranks(write_program(SAY_WHO), Placement(nodes=2), log=log)
    assert not log.exists()


def test_the_free_port_is_none_of_outgoing_connections():
    assert all(20_000 <= free_port() <= 32_000 for _ in range(100))
