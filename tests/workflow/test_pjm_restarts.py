"""Snakemake killed and started again: its jobs are taken up, none is handed over twice, and the workflow ends."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_runs import Place, emulated, sleeping, told

pytestmark = pytest.mark.slow

KILLS = 10
JOBS = 6


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with emulated(tmp_path / "pjm") as pjm:
        yield Place(tmp_path, pjm)


def kill_and_start_again(place: Place, words: list[str], seed: int) -> None:
    """Kill Snakemake ten times at random moments of its life; then let it finish."""
    chance = random.Random(seed)
    # Long enough that some kills fall upon it.
    place.pjm.set_fault("pjsub_slow", seconds=0.7)
    for _ in range(KILLS):
        with place.start(*words) as controller:
            end = time.monotonic() + chance.uniform(1, 6)
            while time.monotonic() < end and controller.process.poll() is None:
                time.sleep(0.02)
            controller.kill()
        place.unlock(*words)
    place.run(*words)


@pytest.mark.parametrize("partial", [False, True], ids=["outputs appear whole", "outputs grow"])
def test_ten_kills_hand_over_no_job_twice(place: Place, partial: bool) -> None:
    # Outputs that are begun make Snakemake refuse to go on, until it is told to make them anew.
    words = [*sleeping(JOBS, seconds=5, partial=partial), *(["--rerun-incomplete"] if partial else []), "--jobs", "3"]
    kill_and_start_again(place, words, seed=4 + partial)
    assert place.twice() == []
    assert len(place.pjm.jobs()) == JOBS
    assert {tuple(word for word, _ in lines) for lines in told(place).values()} == {("begin", "end")}


def test_a_job_that_ends_while_nobody_watches_is_credited(place: Place) -> None:
    words = sleeping(2, seconds=4)
    with place.start(*words) as controller:
        controller.wait_until(lambda: len(told(place)) == 2, "both jobs")
        controller.kill()
    place.wait_until_idle()
    place.unlock(*words)
    place.run(*words)
    assert len(place.pjm.jobs()) == 2


def test_a_job_that_ends_while_snakemake_plans_is_credited(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*sleeping(2, seconds=5, partial=True), "--rerun-incomplete"]
    with place.start(*words) as controller:
        controller.wait_until(lambda: "1 of 3 steps" in controller.said(), "the first job's end")
        controller.kill()
    place.unlock(*words)
    monkeypatch.setenv("PLANNED_IN_S", "8")
    with place.start(*words) as controller:
        controller.wait_until(place.is_idle, "the other job's end")
        assert "Execute" not in controller.said()
        controller.succeed()
    assert len(place.pjm.jobs()) == 2


def test_work_that_was_redone_unwatched_is_credited(place: Place) -> None:
    place.run(*sleeping(2, seconds=1))
    changed = sleeping(2, seconds=4)
    with place.start(*changed) as controller:
        controller.wait_until(lambda: len(place.pjm.jobs()) == 4, "both jobs")
        controller.kill()
    place.wait_until_idle()
    place.unlock(*changed)
    place.run(*changed)
    assert len(place.pjm.jobs()) == 4


def test_begun_outputs_without_rerun_incomplete_are_refused_and_the_jobs_live_on(place: Place) -> None:
    words = sleeping(2, seconds=12, partial=True)
    with place.start(*words) as controller:
        controller.wait_until(lambda: len(told(place)) == 2, "both jobs")
        controller.kill()
    place.unlock(*words)
    with place.start(*words) as controller:
        assert controller.wait() == 1
        assert "--rerun-incomplete" in controller.said()
    assert len(place.pjm.live()) == 2
    place.run(*words, "--rerun-incomplete")
    assert len(place.pjm.jobs()) == 2
    assert place.twice() == []


def test_a_job_that_pjsub_took_as_snakemake_was_killed_is_found(place: Place) -> None:
    place.pjm.set_fault("pjsub_hangs_after", calls=1)
    words = sleeping(3, seconds=8)
    with place.start(*words) as controller:
        controller.wait_until(place.pjm.jobs, "a job")
        controller.kill()
    place.pjm.clear_faults()
    place.unlock(*words)
    place.run(*words)
    assert place.twice() == []


def test_changed_work_ends_the_job_that_does_the_old_one(place: Place) -> None:
    words = sleeping(1, seconds=600)
    with place.start(*words) as controller:
        controller.wait_until(lambda: told(place), "a job")
        controller.kill()
    place.unlock(*words)
    place.run(*sleeping(1, seconds=1))
    old, new = place.pjm.jobs()
    assert old.state == "CCL"
    assert old.ended_at < new.accepted_at
