"""Two hundred jobs at once: few status commands, and none left after Ctrl-C."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_runs import Place, calls_by_round, emulated, sleeping

pytestmark = pytest.mark.slow

JOBS = 200
GAP_S = 4
ROUNDS = 5


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    # All are accepted; the two that run at a time are enough to have some of each state.
    with emulated(tmp_path / "pjm", accept_limit=JOBS, run_limit=2) as pjm:
        yield Place(tmp_path, pjm)


def test_200_jobs_are_watched_by_at_most_two_commands_a_round(place: Place) -> None:
    words = [*sleeping(JOBS, seconds=5), "--jobs", str(JOBS), "--pjm-min-poll-seconds", str(GAP_S)]
    with place.start(*words) as controller:
        controller.wait_until(lambda: len(place.pjm.jobs()) == JOBS, "all jobs")
        before = len(calls_by_round(place, GAP_S))
        controller.wait_until(lambda: len(calls_by_round(place, GAP_S)) >= before + ROUNDS, "some rounds")
        assert len(place.pjm.live()) > JOBS // 2
        assert max(calls_by_round(place, GAP_S)) <= 2
        controller.interrupt()
        assert controller.wait() != 0
    assert place.pjm.live() == []
    assert place.pjm.calls("pjdel") <= 2 * JOBS / 50
