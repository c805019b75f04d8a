"""pjdel: an asynchronous end, and the states in which it is refused."""

import pytest

NEVER = 1000.0


def codes(job):
    return job.pjm_code, job.exit_code, job.signal


def test_a_running_job_is_told_accepted_and_ends_later(start):
    login = start(delays={"delete": 40.0})
    job_id = login.submit("sleep 60")
    login.until_state(job_id, "RUN")
    assert login.out("pjdel", job_id) == [f"[INFO] PJM 0100 pjdel Accepted job {job_id}."]
    assert login.pjm.job(job_id).state == "RUN"
    assert login.out("pjdel", job_id) == [f"[INFO] PJM 0119 pjdel Already accepted job {job_id}."]
    job = login.until_state(job_id, "CCL")
    assert codes(job) == (1, 1, 9)
    assert job.pids == ()


def test_a_waiting_job_never_runs(start):
    login = start(run_limit=0)
    job_id = login.submit("echo ran")
    login.until_state(job_id, "QUE")
    login.out("pjdel", job_id)
    job = login.until_state(job_id, "CCL")
    assert (job.runs, login.printed(job_id), job.pjm_code) == (0, "", 1)


def test_a_job_that_is_being_accepted_is_rejected(start):
    login = start(delays={"accept": NEVER})
    job_id = login.submit("true")
    login.out("pjdel", job_id)
    login.until_state(job_id, "RJT")


@pytest.mark.parametrize(("state", "delay"), [("RNP", "prologue"), ("RNE", "epilogue"), ("RNO", "runout")])
def test_prologue_epilogue_and_runout_refuse(start, state, delay):
    login = start(delays={delay: NEVER})
    job_id = login.submit("true")
    login.until_state(job_id, state)
    refusal = login.refusal("pjdel", job_id)
    assert refusal == f"[ERR.] PJM 0113 pjdel Job {job_id} is not in the state that pjdel can be accepted.\n"


def test_enforce_ends_a_job_in_its_prologue(start):
    login = start(delays={"prologue": NEVER})
    job_id = login.submit("echo ran")
    login.until_state(job_id, "RNP")
    login.out("pjdel", "--enforce", job_id)
    login.until_state(job_id, "CCL")
    assert login.printed(job_id) == ""


def test_unknown_and_ended_jobs_are_refused_and_the_others_deleted(login):
    ended, running = login.submit("true"), login.submit("sleep 60")
    login.until_state(ended, "EXT")
    login.until_state(running, "RUN")
    done = login.run("pjdel", "7", ended, running)
    assert done.returncode == 1
    assert done.stdout == f"[INFO] PJM 0100 pjdel Accepted job {running}.\n"
    assert done.stderr.splitlines() == [
        "[ERR.] PJM 0112 pjdel Job 7 does not exist.",
        f"[ERR.] PJM 0113 pjdel Job {ended} is not in the state that pjdel can be accepted.",
    ]
    login.until_state(running, "CCL")


def test_in_a_range_only_what_can_be_deleted_counts(login):
    job_id = login.submit("sleep 60")
    assert login.out("pjdel", f"{int(job_id) - 3}-{int(job_id) + 3}") == [
        f"[INFO] PJM 0100 pjdel Accepted job {job_id}."
    ]


def test_what_is_wrong_is_said_in_numbered_messages(login):
    assert login.refusal("pjdel").startswith("[ERR.] PJM 0110 pjdel No jobid(s) specified.\nTry")
    assert login.refusal("pjdel", "-f", "1").startswith(
        "[ERR.] PJM 0101 pjdel Unknown option or no option argument: -f."
    )
    assert login.refusal("pjdel", "1[2]") == "[ERR.] PJM 0111 pjdel Invalid jobid: 1[2].\n"


def test_the_given_reason_is_listed(login):
    job_id = login.submit("sleep 60")
    login.until_state(job_id, "RUN")
    login.out("pjdel", "--reason", "tired", job_id)
    assert login.until_state(job_id, "CCL").reason == "tired"
