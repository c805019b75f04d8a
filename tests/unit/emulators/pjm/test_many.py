"""Two hundred jobs and many programs at the same time: nothing is lost, and supervisors rest."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import living

JOBS = 200
TOGETHER = 8
WATCHED_S = 2.0
TICKS_TOGETHER = 20
"""Of all supervisors while they are watched: a tenth of a core, where one that does not rest takes a whole one."""


@pytest.mark.slow
def test_two_hundred_jobs_at_once(start):
    login = start(nodes=JOBS, accept_limit=JOBS, run_limit=JOBS)
    login.write("while [ ! -e go ]; do sleep 1; done", "-L rscgrp=share,gpu=1,elapse=10:00 -j -o %j.log")
    with ThreadPoolExecutor(TOGETHER) as pool:
        ids = list(pool.map(lambda _: login.out("pjsub", "-z", "jid", "job.sh")[0], range(JOBS)))
    assert len(set(ids)) == JOBS
    wait_until_all_run(login)
    supervisors_rest(login)
    no_update_is_lost(login, ids)


def wait_until_all_run(login):
    deadline = time.monotonic() + 60
    while waiting := [job for job in login.pjm.jobs() if job.state != "RUN"]:
        assert time.monotonic() < deadline, waiting
        time.sleep(0.1)


def supervisors_rest(login):
    supervisors = living(f"supervise\0{login.pjm.folder}")
    assert len(supervisors) >= JOBS
    before = sum(map(ticks, supervisors))
    time.sleep(WATCHED_S)
    assert sum(map(ticks, supervisors)) - before <= TICKS_TOGETHER


def no_update_is_lost(login, ids):
    with ThreadPoolExecutor(TOGETHER) as pool:
        listings = [pool.submit(login.out, "pjstat", "--data", "--choose", "jid,st") for _ in range(20)]
        deletions = [pool.submit(login.out, "pjdel", job_id) for job_id in ids[::2]]
        waits = [pool.submit(login.out, "pjwait", "-w", "waitnone", *ids) for _ in range(20)]
    assert all(len(future.result()) == JOBS for future in waits)
    assert all(JOBS // 2 < len(future.result()) <= JOBS + 1 for future in listings)
    assert all("Accepted job" in future.result()[0] for future in deletions)
    assert login.pjm.calls("pjsub") == JOBS
    (login.folder / "go").touch()
    ended = {job.id: (job.state, job.pjm_code) for job in login.pjm.wait(60)}
    assert ended == dict.fromkeys(ids, ("EXT", 0)) | dict.fromkeys(ids[::2], ("CCL", 1))


def ticks(pid):
    """Return the processor time of a process in ticks of the kernel's clock, a hundredth of a second each."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
