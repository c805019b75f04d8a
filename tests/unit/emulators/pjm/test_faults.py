"""Faults that can be ordered: of programs, of jobs, for some calls only, or drawn from a seed."""

import os
import signal
import subprocess
import time

import pytest

SHARE = "-L rscgrp=share,gpu=1"


def start_program(login, *command):
    environment = os.environ | login.pjm.environment()
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=login.folder, stdout=pipe, stderr=pipe, text=True)


def wait_until(told):
    deadline = time.monotonic() + 30
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("program", "number"), [("pjsub", "0090"), ("pjdel", "0190"), ("pjstat", "0290"), ("pjwait", "0690")]
)
def test_the_daemon_is_away_for_some_calls(login, program, number):
    job_id = login.submit("sleep 60")
    login.pjm.set_fault(f"{program}_away", calls=2)
    words = {"pjsub": "job.sh"}.get(program, job_id)
    for _ in range(2):
        refusal = login.refusal(program, words)
        assert refusal == f"[ERR.] PJM {number} {program} PJM daemon is not present.\n"
    assert login.pjm.calls(program) == (3 if program == "pjsub" else 2)
    login.out(*((program, "-w", "waitnone", words) if program == "pjwait" else (program, words)))


def test_permission_is_refused(login):
    login.pjm.set_fault("pjdel_refused")
    assert login.refusal("pjdel", "1") == "[ERR.] PJM 0170 pjdel No execute permission.\n"


def test_a_hanging_program_does_nothing_until_it_is_killed(login):
    login.pjm.set_fault("pjstat_hangs", calls=1)
    with start_program(login, "pjstat") as process:
        wait_until(lambda: login.pjm.calls("pjstat") == 1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.terminate()
        assert process.communicate() == ("", "")
    assert process.returncode == -signal.SIGTERM
    login.out("pjstat")


def test_a_hanging_program_ends_with_the_emulator(start):
    login = start()
    login.pjm.set_fault("pjstat_hangs")
    with start_program(login, "pjstat") as process:
        time.sleep(0.3)
        login.pjm.change(closing=True)
        assert process.wait(10) == 1


def test_a_slow_program_answers_in_the_end(login):
    login.pjm.set_fault("pjstat_slow", seconds=0.5)
    begun = time.monotonic()
    login.out("pjstat")
    assert time.monotonic() - begun > 0.5


def test_a_line_about_loading_comes_first(login):
    login.pjm.set_fault("pjstat_loading", calls=1)
    lines = login.out("pjstat", "--data", "--choose", "jid")
    assert lines == ["[INFO] PJM 0281 pjstat Data loading...", "H,JOB_ID"]


def test_an_answer_is_cut_anywhere_and_the_exit_status_does_not_tell(login):
    login.until_state(login.submit("sleep 60"), "RUN")
    whole = login.run("pjstat").stdout
    login.pjm.set_fault("pjstat_truncated", keep=0.75)
    done = login.run("pjstat")
    assert done.returncode == 0
    assert done.stdout == whole[: int(len(whole) * 0.75)]


def test_pjsub_hangs_after_it_has_submitted(login):
    login.write("echo ran", SHARE, "-j -N train")
    login.pjm.set_fault("pjsub_hangs_after", calls=1)
    with start_program(login, "pjsub", "job.sh") as process:
        wait_until(login.pjm.submissions)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()
        assert process.communicate() == ("", "")
    assert login.until_printed("1334861", "ran") == "ran\n"
    assert [job.name for job in login.pjm.submissions()] == ["train"]


def test_pjsub_is_killed_after_it_has_submitted(login):
    login.pjm.set_fault("pjsub_killed_after", calls=1)
    done = login.run("pjsub", login.write("echo ran", SHARE, "-j"))
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
    assert login.until_printed("1334861", "ran") == "ran\n"


def test_a_slow_pjsub_that_is_killed_has_submitted_nothing(login):
    login.write("true", SHARE)
    login.pjm.set_fault("pjsub_slow", seconds=30)
    with start_program(login, "pjsub", "job.sh") as process:
        wait_until(lambda: login.pjm.calls("pjsub") == 1)
        process.kill()
    assert login.pjm.submissions() == []


def test_there_is_no_room_for_a_job(login):
    login.pjm.set_fault("pjsub_full", calls=1)
    script = login.write("true", SHARE)
    assert login.refusal("pjsub", script) == "[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.\n"
    login.out("pjsub", script)


def test_a_job_is_rejected(login):
    login.pjm.set_fault("job_rejected")
    job = login.until_state(login.submit("echo ran"), "RJT")
    assert (job.pjm_code, job.runs) == (2, 0)


def test_a_parked_job_stays_until_it_is_deleted(login):
    login.pjm.set_fault("job_parked")
    job_id = login.submit("echo ran")
    login.until_state(job_id, "ERR")
    assert ",ERR,21," in login.out("pjstat", "--data", "--choose", "st,pc,ermsg")[1]
    login.out("pjdel", job_id)
    assert login.until_state(job_id, "CCL").runs == 0


@pytest.mark.parametrize("processes", ["go on", "gone"])
def test_a_job_vanishes_from_all_lists(login, processes):
    login.pjm.set_fault("job_lost", after_s=0.6, processes=processes, calls=1)
    job_id = login.submit("echo begun; sleep 1.4; echo ended")
    assert login.until(job_id, lambda job: job.lost)
    for words in (("pjstat",), ("pjstat", "-H"), ("pjwait", "-w", "waitnone", job_id)):
        assert not any(job_id in line for line in login.out(*words))
    assert login.refusal("pjdel", job_id) == f"[ERR.] PJM 0112 pjdel Job {job_id} does not exist.\n"
    login.pjm.wait()
    expected = "begun\nended\n" if processes == "go on" else "begun\n"
    assert login.printed(job_id) == expected
    assert not any(job_id in line for line in login.out("pjstat", "-H"))


def test_a_job_is_lost_before_it_ran(login):
    login.pjm.set_fault("job_lost", state="QUE")
    job_id = login.submit("echo ran")
    login.until(job_id, lambda job: job.lost)
    login.pjm.wait()
    assert login.printed(job_id) == ""


def test_a_node_fails_and_memory_runs_out_under_jobs_of_certain_names(login):
    login.pjm.set_fault("job_node_fails", match="node", after_s=0.1)
    login.pjm.set_fault("job_killed", match="memory", after_s=0.1, pjm_code=12, reason="LIMIT OVER MEMORY")
    names = ("node", "memory", "other")
    ids = [login.submit("sleep 0.4", f"-N {name}", "--norestart") for name in names]
    jobs = [login.until_state(job_id, "EXT") for job_id in ids]
    told = [(job.pjm_code, job.signal, job.reason) for job in jobs]
    assert told == [(20, 9, "-"), (12, 9, "LIMIT OVER MEMORY"), (0, 0, "-")]


def test_draws_follow_the_seed(start):
    login = start(run_limit=0, accept_limit=99)
    drawn = {seed: draws(login, seed) for seed in (1, 2)}
    assert drawn[1] != drawn[2]
    assert all(1 <= sum(tries) <= 7 for tries in drawn.values())
    assert draws(login, 1) == drawn[1]


def draws(login, seed):
    """Return which of eight calls are refused."""
    login.pjm.set_fault("pjstat_away", probability=0.5, seed=seed)
    return [login.run("pjstat").returncode for _ in range(8)]


def test_faults_can_be_taken_back_and_unknown_ones_are_named(login):
    login.pjm.set_fault("pjstat_away")
    login.pjm.clear_faults()
    login.out("pjstat")
    with pytest.raises(ValueError, match="no fault pjdel_loading"):
        login.pjm.set_fault("pjdel_loading")
