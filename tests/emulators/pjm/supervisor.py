"""The life of one job, from ACCEPT to its end, in a process of its own that sleeps until something is due.

There is no daemon: whoever changes the state of a job wakes its supervisor through a pipe, and whoever gives nodes back
has them given to those who wait.
"""

import time
from pathlib import Path
from typing import Any, NoReturn

from emulators.pjm import job_process
from emulators.pjm.account import write_statistics
from emulators.pjm.desk import Desk, Leave
from emulators.pjm.pjm_codes import DELETED, HELD, NO_DIRECTORY, REJECTED, SHELL_FAILED
from emulators.pjm.running import Ending, watch
from emulators.pjm.scheduling import schedule
from emulators.pjm.store import Row, Store

FOR_EVER = float("inf")


def supervise(folder: Path, job_id: int, token: str) -> None:
    """Lead a job through its life; leave nothing of it behind."""
    job_process.adopt_orphans()
    store = Store(folder)
    with store:  # not before pjsub has let go of the state
        job = store.job(job_id)
    if job is None or job["token"] != token:  # that pjsub was killed; the next one may have taken the id
        return
    desk = Desk(store, job_id)
    try:
        _live(desk)
    except Leave as leave:
        job_process.kill_all()
        _end(desk, leave)


def _live(desk: Desk) -> None:
    """Go from state to state; Leave is raised at the end."""
    desk.sleep(desk.delays["accept"])
    if "rejected" in desk.troubles:
        raise Leave("RJT", pjm_code=REJECTED, reason="GATE CHECK")
    while True:
        _wait_for_nodes(desk)
        desk.sleep(desk.delays["allocate"])
        _park_if_troubled(desk)
        _run(desk)


def _wait_for_nodes(desk: Desk) -> None:
    desk.become("QUE", node_failed=0, allocated="[]")
    if desk.troubles.get("lost", {}).get("state") == "QUE":
        raise Leave("lost")
    while desk.job()["state"] != "RNA":
        schedule(desk.store)
        desk.sleep(FOR_EVER, until=lambda job: job["state"] == "RNA" or job["hold_wanted"])
        if desk.job()["state"] == "QUE":
            _hold(desk)


def _hold(desk: Desk) -> None:
    """Stay in HOLD until pjrls."""
    desk.become("HLD", pjm_code=HELD, reason=f"{desk.store.setting('user')}:", allocated="[]")
    schedule(desk.store)
    desk.sleep(FOR_EVER, until=lambda job: not job["hold_wanted"])
    desk.become("QUE", pjm_code=0, reason="-")


def _park_if_troubled(desk: Desk) -> None:
    if "parked" in desk.troubles:
        desk.become("ERR", pjm_code=SHELL_FAILED, reason="INTERNAL ERROR", allocated="[]")
        schedule(desk.store)
        desk.sleep(FOR_EVER)


def _run(desk: Desk) -> None:
    """Run the script once; return if the job has to wait for nodes again."""
    if desk.delays["prologue"]:
        desk.become("RNP")
        desk.sleep(desk.delays["prologue"])
    job = desk.become("RUN", started_at=time.time(), runs=desk.job()["runs"] + 1)
    limit_s = job["elapse_s"] * desk.store.setting("elapse_scale")
    told_s = limit_s if desk.store.setting("told_limit") == "real" else job["elapse_s"]
    try:
        shell = job_process.start(desk.store, job, max(1, int(told_s)))
    except job_process.UnreachableError:
        _finish(desk, Ending(NO_DIRECTORY, "NO CURRENT DIR", {}))
    ending = watch(desk, shell, limit_s)
    job_process.kill_all()
    if not ending.again:
        _finish(desk, ending)


def _finish(desk: Desk, ending: Ending) -> NoReturn:
    """Go through epilogue and RUNOUT, in which pjdel is refused."""
    if desk.delays["epilogue"]:
        desk.become("RNE")
        desk.pause(desk.delays["epilogue"])
    desk.become("RNO")
    desk.pause(desk.delays["runout"])
    state = "CCL" if ending.pjm_code == DELETED else "EXT"
    raise Leave(state, pjm_code=ending.pjm_code, reason=ending.reason, **ending.codes)


def _end(desk: Desk, leave: Leave) -> None:
    if leave.state == "closing":
        return
    columns: dict[str, Any] = {"hidden": 1} if leave.state == "lost" else leave.columns
    state = "CCL" if leave.state == "lost" else leave.state
    job: Row = desk.become(state, ended_at=time.time(), **columns)
    write_statistics(desk.store, job)
    schedule(desk.store)
