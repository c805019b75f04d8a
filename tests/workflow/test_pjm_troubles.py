"""Troubles of PJM's own, each with a job or two: what Snakemake makes of them, and what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_runs import Place, emulated, sleeping

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with emulated(tmp_path / "pjm") as pjm:
        yield Place(tmp_path, pjm)


def states(place: Place) -> list[str]:
    return [job.state for job in place.pjm.jobs()]


def test_a_parked_job_is_removed_though_pjdel_is_away_at_first(place: Place) -> None:
    place.pjm.set_fault("job_parked", calls=1)
    place.pjm.set_fault("pjdel_away", calls=2)
    place.run(*sleeping(1, seconds=1), "--retries", "1")
    assert states(place) == ["CCL", "EXT"]
    assert place.twice() == []


def test_a_lost_job_is_an_error_and_its_retry_succeeds(place: Place) -> None:
    place.pjm.set_fault("job_lost", calls=1, processes="gone", after_s=0.5)
    said = place.run(*sleeping(1, seconds=1), "--retries", "1")
    assert "lost" in said
    assert len(place.pjm.jobs()) == 2
    assert place.twice() == []


def test_a_node_that_fails_costs_no_retry(place: Place) -> None:
    place.pjm.set_fault("job_node_fails", calls=1, after_s=0.5)
    place.run(*sleeping(1, seconds=1))
    assert [job.pjm_code for job in place.pjm.jobs()] == [20, 0]
    assert place.twice() == []


def test_a_held_job_is_warned_of_and_waited_for(place: Place) -> None:
    place.pjm.change(run_limit=0)
    with place.start(*sleeping(1, seconds=1)) as controller:
        controller.wait_until(lambda: states(place) == ["QUE"], "a waiting job")
        (job,) = place.pjm.jobs()
        place.call("pjhold", job)
        place.pjm.change(run_limit=1)
        controller.wait_until(lambda: "pjrls" in controller.said(), "a warning")
        place.call("pjrls", job)
        controller.succeed()
    assert states(place) == ["EXT"]
