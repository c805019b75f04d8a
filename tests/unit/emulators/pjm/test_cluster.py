"""The emulator as a context: nothing outlives it, it keeps no file of a caller, and says what goes wrong with it."""

import fcntl
import os
import subprocess
import sys
import time

import pytest
from emulators.pjm.cluster import BIN, EmulatedPjm, SurvivorsError
from emulators.pjm.marked import marked
from processes import living


def processes_of(login):
    return marked(login.pjm._mark)


def test_nothing_outlives_the_emulator(start, tmp_path):
    login = start()
    program = tmp_path / "stubborn.py"
    program.write_text(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\nprint('up', flush=True)\ntime.sleep(600)\n"
    )
    ids = [login.submit(f"trap '' TERM XCPU INT; env -i {sys.executable} {program}") for _ in range(3)]
    for job_id in ids:
        login.until_printed(job_id, "up\nup")
    login.submit("sleep 60", "-L gpu=4")
    login.pjm.__exit__(None, None, None)
    assert not living(str(program))
    assert not processes_of(login)
    login.pjm.folder.joinpath("python").unlink()


def test_a_supervisor_keeps_none_of_its_callers_files_and_variables(login):
    held = os.open(login.folder / "held", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    script = login.write("sleep 60", "-L rscgrp=share,gpu=1")
    environment = os.environ | login.pjm.environment() | {"COLOUR": "red"}
    # A supervisor that kept stdout would keep this call from returning.
    subprocess.run(
        ["pjsub", script],
        cwd=login.folder,
        env=environment,
        pass_fds=[held],
        check=True,
        capture_output=True,
        timeout=20,
    )
    os.close(held)
    again = os.open(login.folder / "held", os.O_RDWR)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(again)
    login.until_state("1334861", "RUN")
    assert all("COLOUR" not in variables for variables in processes_of(login).values())


def test_a_supervisor_is_in_no_session_and_group_of_its_caller(login):
    login.submit("sleep 60")
    login.until_state("1334861", "RUN")
    sessions = {os.getsid(pid) for pid in processes_of(login)}
    assert os.getsid(0) not in sessions


def test_a_job_that_ends_leaves_no_process(login):
    for _ in range(3):
        login.submit("sleep 60 & true")
    assert all(job.pids == () for job in login.pjm.wait())
    deadline = time.monotonic() + 5
    while processes_of(login):
        assert time.monotonic() < deadline


def test_a_process_that_outlived_its_job_is_told(tmp_path):
    pjm = EmulatedPjm(tmp_path / "pjm", clock=0.0)
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#PJM -L rscgrp=share,gpu=1\ntrue\n")
    pjm.__enter__()
    subprocess.run(["pjsub", "job.sh"], env=os.environ | pjm.environment(), cwd=tmp_path, check=True)
    pjm.wait()
    with subprocess.Popen(["sleep", "600"], env={"PJM_EMULATOR_MARK": pjm._mark, "PJM_JOBID": "1334861"}) as stray:
        with pytest.raises(SurvivorsError, match=rf"outlived their jobs: \{{'1334861': \({stray.pid},\)\}}"):
            pjm.__exit__(None, None, None)
        assert stray.wait(10) < 0


def test_an_error_of_a_supervisor_is_told(tmp_path):
    pjm = EmulatedPjm(tmp_path / "pjm")
    with pytest.raises(SurvivorsError, match="supervisors say: it failed"), pjm:
        (pjm.folder / "supervisors.log").write_text("it failed")


def test_settings_that_are_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such delays: acept"):
        EmulatedPjm(tmp_path / "pjm", delays={"acept": 1.0})
    with EmulatedPjm(tmp_path / "pjm") as pjm, pytest.raises(ValueError, match="no such settings: node"):
        pjm.change(node=3)


def test_what_a_test_is_told_of_a_job(login):
    job_id = login.submit("echo up; sleep 60", "-N train --norestart")
    login.until_printed(job_id, "up")
    job = login.pjm.job(job_id)
    assert (job.id, job.name, job.script) == (job_id, "train", str(login.folder / "job.sh"))
    assert (job.state, job.rscgrp, job.gpus, job.nodes, job.elapse_s) == ("RUN", "share-short", 1, 0, 600)
    assert job.options["-L"] == {"rscgrp": "share-short", "gpu": "1", "elapse": "10:00"}
    assert len(job.pids) == 2
    assert [live.id for live in login.pjm.live()] == [job_id]
    with pytest.raises(KeyError):
        login.pjm.job(1)


def test_pjsub_that_is_killed_at_any_moment_leaves_a_whole_job_or_none(start):
    login = start(accept_limit=100, run_limit=100)
    script = login.write("true", "-L rscgrp=share,gpu=1")
    environment = os.environ | login.pjm.environment()
    for number in range(12):
        process = subprocess.Popen(
            ["pjsub", script], cwd=login.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.006 * number)
        process.kill()
        process.wait()
    assert all(job.state == "EXT" for job in login.pjm.wait(20))


def test_a_supervisor_of_a_job_that_was_not_accepted_leaves_the_next_of_that_id_alone(login):
    job_id = login.submit("echo ran")
    main = BIN.with_name("main.py")
    stale = [
        str(login.pjm.folder / "python"),
        "-S",
        "-E",
        str(main),
        "supervise",
        str(login.pjm.folder),
        job_id,
        "stale",
    ]
    subprocess.run(stale, check=True, timeout=20)
    login.until_state(job_id, "EXT")
    assert login.printed(job_id) == "ran\n"


def test_a_job_whose_interpreter_is_missing_says_so(login):
    (login.folder / "strange.sh").write_text("#!/no/such/shell\n#PJM -L rscgrp=share,gpu=1 -j\n")
    job_id = login.out("pjsub", "-z", "jid", "strange.sh")[0]
    assert login.until_state(job_id, "EXT").exit_code == 126
    assert "No such file" in login.printed(job_id)


def test_calls_of_programs_are_counted_with_their_times(login):
    before = time.time()
    for program in ("pjstat", "pjwait", "pjstat"):
        login.run(program)
    assert (login.pjm.calls("pjstat"), login.pjm.calls("pjwait"), login.pjm.calls("pjdel")) == (2, 1, 0)
    times = login.pjm.call_times("pjstat", "pjwait")
    assert before <= times[0] < times[1] < times[2] <= time.time()
