"""Ctrl-C at the worst moments: PJM must have no job left of an interrupted workflow."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pjm_runs import Controller, Place, emulated, sleeping

pytestmark = pytest.mark.slow

JOBS = 6


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with emulated(tmp_path / "pjm") as pjm:
        yield Place(tmp_path, pjm)


def interrupt_when(place: Place, holds: Callable[[], object], what: str) -> Controller:
    """Start jobs that would sleep for long, and press Ctrl-C once something holds."""
    with place.start(*sleeping(JOBS, seconds=300)) as controller:
        controller.wait_until(holds, what)
        controller.interrupt()
        assert controller.wait() != 0
    return controller


def test_ctrl_c_in_a_status_query_that_hangs_leaves_no_job(place: Place) -> None:
    asked: list[int] = []

    def in_a_query() -> bool:
        if len(place.pjm.live()) < JOBS:
            return False
        if not asked:
            place.pjm.set_fault("pjstat_hangs", calls=1)
            asked.append(place.pjm.calls("pjstat"))
        return place.pjm.calls("pjstat") > asked[0]

    interrupt_when(place, in_a_query, "a status query under way")
    assert place.pjm.live() == []
    assert {job.state for job in place.pjm.jobs()} == {"CCL"}


def test_ctrl_c_while_pjsub_is_slow_leaves_no_job(place: Place) -> None:
    place.pjm.set_fault("pjsub_slow", seconds=2)
    interrupt_when(place, lambda: len(place.pjm.live()) == JOBS // 2 and place.pjm.calls("pjsub") > JOBS // 2, "pjsub")
    assert place.pjm.live() == []


def test_ctrl_c_while_pjdel_is_slow_to_act_and_jobs_end_leaves_no_job(place: Place) -> None:
    place.pjm.set_fault("pjdel_slow", seconds=3)
    controller = interrupt_when(place, lambda: len(place.pjm.live()) == JOBS, "all jobs")
    assert place.pjm.live() == []
    assert "Traceback" not in controller.said()


def test_impatient_ctrl_c_leaves_at_most_what_the_next_call_takes_up(place: Place) -> None:
    place.pjm.set_fault("pjdel_slow", seconds=3)
    words = sleeping(JOBS, seconds=12)
    with place.start(*words) as controller:
        controller.wait_until(lambda: len(place.pjm.live()) == JOBS, "all jobs")
        for _ in range(3):
            controller.interrupt()
            time.sleep(0.5)
        assert controller.wait() != 0
    place.pjm.clear_faults()
    place.unlock(*words)
    place.run(*words)
    assert place.twice() == []


def test_after_ctrl_c_the_same_call_starts_anew_and_finishes(place: Place) -> None:
    interrupt_when(place, lambda: len(place.pjm.live()) == JOBS, "all jobs")
    place.run(*sleeping(JOBS, seconds=1))
    assert place.twice() == []
    assert len(place.pjm.jobs()) == 2 * JOBS


def test_sigterm_lets_running_jobs_end_and_submits_no_more(place: Place) -> None:
    """As everywhere in Snakemake; to end jobs too, interrupt it."""
    with place.start(*sleeping(JOBS, seconds=4), "--jobs", "2") as controller:
        controller.wait_until(lambda: len(place.pjm.live()) == 2, "two jobs")
        controller.process.terminate()
        controller.wait()
        assert "Will exit after finishing currently running jobs" in controller.said()
    assert [(job.state, job.exit_code) for job in place.pjm.jobs()] == [("EXT", 0)] * 2
