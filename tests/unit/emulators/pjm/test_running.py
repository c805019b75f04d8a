"""A job's processes: SIGXCPU and SIGKILL at the time limit, and an end to all of them when the script ends."""

import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest
from processes import living

LIMIT = "-L elapse=30"
IN_NEW_SESSION = """\
import os, subprocess, sys, time
if os.fork():
    sys.exit()
os.setsid()
if os.fork():
    sys.exit()
print("escaped", flush=True)
time.sleep(600)
"""


def codes(job):
    return job.pjm_code, job.exit_code, job.signal


@pytest.fixture
def hasty(start):
    """Start an emulator where 30 s of elapse last 1.5 s, and the grace 1 s."""
    return start(elapse_scale=0.05, delays={"grace": 20.0})


def test_a_script_without_a_trap_dies_of_sigxcpu_at_once(hasty):
    job_id = hasty.submit("echo begun; sleep 60", LIMIT)
    job = hasty.until_state(job_id, "EXT")
    assert codes(job) == (11, 1, signal.SIGXCPU)
    assert job.reason == "ELAPSE LIMIT EXCEEDED"
    assert job.ended_at - job.started_at > 1.5


def test_who_ignores_sigxcpu_is_killed_after_the_grace(hasty):
    job_id = hasty.submit("trap '' XCPU; echo begun; while :; do sleep 0.05; done", LIMIT)
    job = hasty.until_state(job_id, "EXT")
    assert codes(job) == (11, 1, signal.SIGKILL)
    assert job.ended_at - job.started_at > 2.5


def test_a_script_that_uses_the_grace_ends_with_its_own_code(hasty):
    job_id = hasty.submit("trap 'sleep 0.1; echo saved; exit 0' XCPU; sleep 60 & wait", LIMIT)
    job = hasty.until_state(job_id, "EXT")
    assert codes(job) == (11, 0, 0)
    assert hasty.printed(job_id) == "saved\n"
    assert job.pids == ()


def test_every_process_of_the_job_gets_sigxcpu(hasty):
    program = hasty.folder / "listens.py"
    program.write_text(
        textwrap.dedent("""\
        import os, signal, sys, time
        def note(*_):
            print("told", sys.argv[1], flush=True)
            sys.exit(0)
        signal.signal(signal.SIGXCPU, note)
        print("ready", flush=True)
        time.sleep(60)
        """)
    )
    python = sys.executable
    body = f"trap '' XCPU; {python} {program} here & setsid {python} {program} elsewhere & wait; sleep 0.1"
    job_id = hasty.submit(body, "-L elapse=60")
    hasty.until_state(job_id, "EXT")
    assert sorted(hasty.printed(job_id).split()) == sorted(["ready", "ready", "told", "here", "told", "elsewhere"])


def test_the_job_is_told_the_time_it_has(hasty):
    assert hasty.until_printed(hasty.submit("echo $PJM_ELAPSE_LIMIT", "-L elapse=1:00:00"), "\n") == "180\n"
    hasty.pjm.change(told_limit="requested")
    assert hasty.until_printed(hasty.submit("echo $PJM_ELAPSE_LIMIT", "-L elapse=1:00:00"), "\n") == "3600\n"


def test_what_the_script_leaves_behind_is_killed_when_it_ends(login):
    job_id = login.submit("sleep 4711 & echo done")
    job = login.until_state(job_id, "EXT")
    assert codes(job) == (0, 0, 0)
    assert not living("sleep\x004711")


@pytest.mark.parametrize("end", ["the script ends", "pjdel"])
def test_a_process_in_a_session_of_its_own_with_no_mark_is_killed_too(login, tmp_path, end):
    escape = tmp_path / "escape.py"
    escape.write_text(IN_NEW_SESSION)
    job_id = login.submit(f"env -i {sys.executable} {escape}; sleep {60 if end == 'pjdel' else 0.3}")
    login.until_printed(job_id, "escaped")
    assert living(str(escape))
    if end == "pjdel":
        login.out("pjdel", job_id)
    login.until(job_id, lambda job: job.ended_at)
    assert not living(str(escape))


@pytest.mark.parametrize(("body", "expected"), [("exit 7", (0, 7, 0)), ("kill -TERM $$", (0, 1, signal.SIGTERM))])
def test_the_codes_of_a_script_that_ends_itself(login, body, expected):
    assert codes(login.until_state(login.submit(body), "EXT")) == expected


def test_the_exit_code_after_a_signal_can_be_chosen(start):
    login = start(exit_code_when_signalled=0)
    assert codes(login.until_state(login.submit("kill -TERM $$"), "EXT")) == (0, 0, signal.SIGTERM)


def test_a_script_without_an_interpreter_line_is_one_of_the_shell(login):
    (login.folder / "plain").write_text("#PJM -L rscgrp=share,gpu=1 -j\necho shell\n")
    job_id = login.out("pjsub", "-z", "jid", "plain")[0]
    assert login.until_printed(job_id, "\n") == "shell\n"


def test_the_script_is_that_of_the_submission(login):
    job_id = login.submit("while [ ! -e go ]; do sleep 0.05; done; echo first")
    login.write("echo second")
    Path(login.folder / "go").touch()
    login.until_state(job_id, "EXT")
    assert login.printed(job_id) == "first\n"


def test_a_supervisor_takes_no_time_while_nothing_happens(login):
    job_id = login.submit("echo begun; sleep 60")
    login.until_printed(job_id, "begun")
    (pid,) = living(f"supervise\0{login.pjm.folder}\0{job_id}")
    time.sleep(0.3)
    before = ticks(pid)
    time.sleep(1.0)
    assert ticks(pid) - before <= 1


def ticks(pid):
    """Return the CPU time of a process in ticks of the kernel's clock."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
