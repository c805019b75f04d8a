"""pjhold and pjrls: waiting jobs, running ones that may run again, and those that may not."""

import os
import pwd


def test_a_waiting_job_is_held_and_released(start):
    login = start(run_limit=0)
    job_id = login.submit("echo ran")
    login.until_state(job_id, "QUE")
    assert login.out("pjhold", job_id) == [f"[INFO] PJM 0300 pjhold Accepted job {job_id}."]
    held = login.until_state(job_id, "HLD")
    assert (held.pjm_code, held.reason) == (4, f"{pwd.getpwuid(os.getuid()).pw_name}:")
    login.pjm.change(run_limit=8)
    assert login.pjm.job(job_id).state == "HLD"
    assert login.out("pjrls", job_id) == [f"[INFO] PJM 0400 pjrls Job {job_id} released."]
    login.until_state(job_id, "EXT")
    assert login.printed(job_id) == "ran\n"


def test_a_running_job_is_taken_from_its_nodes_and_runs_again(login):
    job_id = login.submit("echo run $PJM_RETRYNUM; sleep $((60 * (1 - PJM_RETRYNUM)))")
    login.until_printed(job_id, "run 0")
    login.out("pjhold", job_id)
    # Its processes end a moment after it is held.
    login.until(job_id, lambda job: job.state == "HLD" and not job.pids)
    login.out("pjrls", job_id)
    assert login.until_state(job_id, "EXT").exit_code == 0
    assert login.printed(job_id) == "run 0\nrun 1\n"


def test_a_running_job_that_must_not_run_again_is_not_held(login):
    job_id = login.submit("sleep 60", "--norestart")
    login.until_state(job_id, "RUN")
    refusal = login.refusal("pjhold", job_id)
    assert refusal == f"[ERR.] PJM 0313 pjhold Job {job_id} is not in the state that pjhold can be accepted.\n"


def test_what_is_not_held_is_not_released(login):
    job_id = login.submit("sleep 60")
    login.until_state(job_id, "RUN")
    assert login.refusal("pjrls", job_id) == f"[ERR.] PJM 0413 pjrls Job {job_id} status is not hold.\n"
    assert login.refusal("pjrls", "7") == "[ERR.] PJM 0412 pjrls Job 7 does not exist.\n"
    assert login.refusal("pjhold", "7") == "[ERR.] PJM 0312 pjhold Job 7 does not exist.\n"


def test_a_held_job_can_be_deleted(start):
    login = start(run_limit=0)
    job_id = login.submit("true")
    login.until_state(job_id, "QUE")
    login.out("pjhold", job_id)
    login.until_state(job_id, "HLD")
    login.out("pjdel", job_id)
    login.until_state(job_id, "CCL")
