"""One writer a run: wait for the process that trains it already, and find out when to take over.

Executors start a second job for the same run after a crash of their controller, and a killed job is started again while
file servers still show the old one. Training twice would change no result, but cost everything twice.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tenbin.training import log
from tenbin.training.generations import LEASE_S, Generation, newest_generation
from tenbin.training.heartbeat import RELEASED, Watch
from tenbin.training.stopping import StopRequest
from tenbin.training.writers import name_writer

POLL_S = 1.0
POLLS_IN_A_LEASE = 20


def wait_for_turn(
    run_folder: Path, request: StopRequest, finished: Callable[[], bool], lease_s: float = LEASE_S
) -> int | None:
    """Return the newest generation's number once its writer has ended, or None once `finished` says there is no need.

    Leaves with the request's status if asked to stop before that.
    """
    while number := newest_generation(run_folder):
        watch = Watch(Generation(run_folder, number), lease_s)
        if _outlast(watch, request, finished):
            return None
        if watch.generation.is_newest():
            return number
    return 0


def _outlast(watch: Watch, request: StopRequest, finished: Callable[[], bool]) -> bool:
    """Wait until a writer has ended or was taken over by a third; return whether the segment was finished meanwhile."""
    reason = watch.why_free()
    if reason is None:
        _say_who(watch)
    while reason is None and watch.generation.is_newest():
        if request.asked:
            _leave(watch, request)
        time.sleep(min(POLL_S, watch.lease_s / POLLS_IN_A_LEASE))
        reason = watch.why_free()
        if finished():
            return True
    if reason:
        log.notice(f"going on after {name_writer(watch.owner)}: {reason}")
    return False


def _say_who(watch: Watch) -> None:
    folder = watch.generation.folder
    log.notice(
        f"{name_writer(watch.owner)}, may be training this run in {folder}: waiting until it ends, finishes this "
        f"segment or gives no sign of life for {watch.lease_s:g} s. If you know that it is dead, "
        f"`touch {folder / RELEASED}` ends the waiting"
    )


def _leave(watch: Watch, request: StopRequest) -> NoReturn:
    log.notice(
        f"stopped {request.reason}, while waiting for {name_writer(watch.owner)} ({watch.generation.folder}); "
        "this process took no step, run again to go on"
    )
    request.leave()
