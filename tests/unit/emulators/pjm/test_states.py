"""States of a job from ACCEPT to EXIT, and the nodes, GPUs and limits that it may have to wait for."""

import time

import pytest

ONE_GPU, FOUR_GPUS = "-L rscgrp=share,gpu=1", "-L rscgrp=share,gpu=4"
SLOW = {"accept": 8.0, "allocate": 8.0, "prologue": 8.0, "epilogue": 8.0, "runout": 8.0}


def states(login, *ids):
    return [login.pjm.job(job_id).state for job_id in ids]


def test_a_job_goes_through_its_states_in_order(start):
    login = start(delays=SLOW)
    job_id = login.submit("sleep 0.4")
    seen, deadline = ["ACC"], time.monotonic() + 30
    while seen[-1] != "EXT":
        assert time.monotonic() < deadline, seen
        state = login.pjm.job(job_id).state
        seen += [state] if state != seen[-1] else []
        time.sleep(0.005)
    # QUEUED is over at once where nodes are free.
    assert [state for state in seen if state != "QUE"] == ["ACC", "RNA", "RNP", "RUN", "RNE", "RNO", "EXT"]


def test_a_job_waits_until_gpus_are_free(start):
    login = start(nodes=1, gpus_per_node=8)
    first, second, third = (login.submit("sleep 60", FOUR_GPUS) for _ in range(3))
    login.until_state(second, "RUN")
    later = login.submit("sleep 60", ONE_GPU)
    time.sleep(0.3)
    assert states(login, first, second, third, later) == ["RUN", "RUN", "QUE", "QUE"]
    login.out("pjdel", first)
    login.until_state(third, "RUN")
    assert states(login, later) == ["QUE"]


def test_a_small_job_passes_a_large_one_for_which_there_is_no_room(start):
    login = start(nodes=2)
    first = login.submit("sleep 60", ONE_GPU)
    login.until_state(first, "RUN")
    large = login.write("sleep 60", "-L rscgrp=regular-a,node=2", name="large.sh")
    large_id = login.out("pjsub", "-z", "jid", large)[0]
    small = login.submit("sleep 60", ONE_GPU)
    login.until_state(small, "RUN")
    assert states(login, large_id) == ["QUE"]
    login.pjm.change(nodes=4)
    login.until_state(large_id, "RUN")


def test_no_more_jobs_run_than_the_limit_allows(start):
    login = start(run_limit=2)
    ids = [login.submit("sleep 60") for _ in range(4)]
    login.until_state(ids[1], "RUN")
    time.sleep(0.3)
    assert states(login, *ids) == ["RUN", "RUN", "QUE", "QUE"]
    login.pjm.change(run_limit=3)
    login.until_state(ids[2], "RUN")


def test_jobs_of_nodes_without_gpus_never_wait_for_them(start):
    login = start(nodes=0)
    login.write("exit 0", "-L rscgrp=prepost", name="prepost.sh")
    job_id = login.out("pjsub", "-z", "jid", "prepost.sh")[0]
    login.until_state(job_id, "EXT")


def test_a_job_whose_folder_is_gone_is_not_run(login):
    login.pjm.change(run_limit=0)
    job_id = login.submit("echo ran", "-o gone/%j.log")
    login.pjm.change(run_limit=1)
    job = login.until_state(job_id, "EXT")
    assert (job.pjm_code, job.reason) == (16, "NO CURRENT DIR")


@pytest.mark.parametrize("running", [True, False])
def test_a_node_that_fails_under_a_job_that_may_run_again(login, running):
    job_id = login.submit("echo run $PJM_RETRYNUM; sleep $((60 * (1 - PJM_RETRYNUM)))", "--restart" if running else "")
    login.until_printed(job_id, "run 0")
    login.pjm.fail_node(job_id)
    job = login.until_state(job_id, "EXT")
    assert (job.pjm_code, job.exit_code, job.runs) == (0, 0, 2)
    assert login.printed(job_id) == "run 0\nrun 1\n"


def test_a_node_that_fails_under_a_job_that_must_not_run_again(login):
    job_id = login.submit("echo run; sleep 60", "--norestart")
    login.until_printed(job_id, "run")
    login.pjm.fail_node(job_id)
    job = login.until_state(job_id, "EXT")
    assert (job.pjm_code, job.signal, job.runs, job.pids) == (20, 9, 1, ())
