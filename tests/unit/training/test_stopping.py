"""Requests to stop: by signal or by the job's own time limit."""

import os
import signal

import pytest

from tenbin.training import stopping
from tenbin.training.stopping import StopRequest, stop_requests


def test_nothing_is_asked_without_a_signal_and_a_limit():
    request = StopRequest()
    assert not request.asked
    assert request.seconds_left() == float("inf")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_asks_and_gives_its_customary_status(number, status):
    with stop_requests() as request:
        os.kill(os.getpid(), number)
        assert request.asked
    assert request.exit_status == status
    assert request.reason == f"by {number.name}"


def test_the_handlers_of_before_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with stop_requests():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_limit_counts_from_the_start_of_the_process_and_leaves_the_margin(monkeypatch):
    request = StopRequest(walltime_s=3600, stop_margin_s=600)
    monkeypatch.setattr(stopping.time, "monotonic", lambda: stopping.PROCESS_START + 2999)
    assert not request.asked
    monkeypatch.setattr(stopping.time, "monotonic", lambda: stopping.PROCESS_START + 3000)
    assert request.asked
    assert request.exit_status == 75
    assert request.reason == "600 s before the time limit of 3600 s"
