"""Attempts are bounded, but only those in a row that bring nothing."""

from collections.abc import Callable

import pytest

from tenbin.corpora import backoff
from tenbin.corpora.backoff import BusyError, draw_wait_s, keep_trying
from tenbin.corpora.retries import UnreachableError
from tenbin.errors import UserError


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits, which take no time."""
    waited: list[float] = []
    monkeypatch.setattr(backoff.time, "sleep", waited.append)
    return waited


class Transfer:
    """Attempts that each bring some bytes; the last succeeds."""

    def __init__(self, brought_bytes: list[int]) -> None:
        self.left, self.attempts, self.progress_bytes = brought_bytes, 0, 0

    def attempt(self) -> str:
        self.attempts += 1
        self.progress_bytes += self.left.pop(0)
        if self.left:
            raise UnreachableError("broke off")
        return "whole"

    def run(self, attempts: int) -> str:
        return keep_trying(self.attempt, lambda: self.progress_bytes, "a.zst", attempts)


def test_waits_double_and_begin_anew_after_progress(waits_s: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    transfer = Transfer([5, 0, 0, 0, 7, 0, 1])
    assert transfer.run(attempts=5) == "whole"
    for wait_s, longest_s in zip(waits_s, [1, 2, 4, 8, 1, 2], strict=True):
        assert longest_s / 2 <= wait_s <= longest_s
    assert capsys.readouterr().err.count("a.zst: broke off; trying again in ") == 6


def test_any_number_of_breaks_is_borne_while_each_attempt_brings_something(waits_s: list[float]) -> None:
    assert Transfer([1] * 200).run(attempts=2) == "whole"
    assert max(waits_s) <= 1


def test_attempts_that_bring_nothing_are_bounded(waits_s: list[float]) -> None:
    transfer = Transfer([3, 0, 0, 0, 0, 0])
    with pytest.raises(UserError, match=r"a\.zst could not be fetched in 4 attempts: broke off; .* is kept"):
        transfer.run(attempts=4)
    assert transfer.attempts == 4
    assert len(waits_s) == 3


def test_other_errors_are_not_tried_again(waits_s: list[float]) -> None:
    def attempt() -> str:
        raise UserError("no such file")

    with pytest.raises(UserError, match="no such file"):
        keep_trying(attempt, lambda: 0, "a.zst", 8)
    assert waits_s == []


@pytest.mark.parametrize(("failures", "longest_s"), [(1, 1), (6, 32), (7, 60), (1000, 60)])
def test_waits_have_a_limit_and_differ(failures: int, longest_s: float) -> None:
    drawn = [draw_wait_s(failures, UnreachableError("away")) for _ in range(100)]
    assert all(longest_s / 2 <= wait_s <= longest_s for wait_s in drawn)
    assert len(set(drawn)) > 50


@pytest.mark.parametrize(("asked_s", "granted_s"), [(30.0, 30.0), (1e9, backoff.LONGEST_ASKED_WAIT_S)])
def test_a_server_is_never_asked_sooner_than_it_wants(asked_s: float, granted_s: float) -> None:
    wait: Callable[[], float] = lambda: draw_wait_s(1, BusyError("busy", asked_s))  # noqa: E731
    assert all(granted_s <= wait() <= granted_s + 1 for _ in range(20))
