"""Requests to stop: by signal or by the job's own time limit."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tenbin.errors import UserError
from tenbin.training import stopping
from tenbin.training.stopping import StopRequest, stop_requests


def test_nothing_is_asked_without_a_signal_and_a_limit():
    request = StopRequest()
    assert not request.asked
    assert request.seconds_left() == float("inf")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGXCPU, 152)])
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
    monkeypatch.setattr(stopping, "PROCESS_START", 1000.0)  # a whole number: sums are exact
    request = StopRequest(walltime_s=3600, stop_margin_s=600)
    monkeypatch.setattr(stopping.time, "monotonic", lambda: stopping.PROCESS_START + 2999)
    assert not request.asked
    monkeypatch.setattr(stopping.time, "monotonic", lambda: stopping.PROCESS_START + 3000)
    assert request.asked
    assert request.exit_status == 75
    assert request.reason == "600 s before the time limit of 3600 s"


def test_a_signal_that_the_job_script_ignored_is_heard():
    before = signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    try:
        with stop_requests() as request:
            os.kill(os.getpid(), signal.SIGXCPU)
            assert request.asked
        assert signal.getsignal(signal.SIGXCPU) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGXCPU, before)


def test_the_earlier_of_the_jobs_deadline_and_its_own_limit_counts(monkeypatch):
    monkeypatch.setenv("PJM_DEADLINE_EPOCH", str(time.time() + 100))
    assert StopRequest().seconds_left() == pytest.approx(100, abs=5)
    assert StopRequest(walltime_s=3600, stop_margin_s=600).seconds_left() == pytest.approx(100, abs=5)
    own = stopping.PROCESS_START + 50 - time.monotonic()
    assert StopRequest(walltime_s=60, stop_margin_s=10).seconds_left() == pytest.approx(own, abs=5)


def test_a_deadline_that_came_is_named_as_the_reason(monkeypatch):
    monkeypatch.setenv("PJM_DEADLINE_EPOCH", str(time.time() + 0.05))
    request = StopRequest(walltime_s=360_000)
    time.sleep(0.06)
    assert request.asked
    assert request.reason == "at the time that $PJM_DEADLINE_EPOCH names, before the job's time limit"


def test_a_deadline_that_is_over_at_the_start_is_refused(monkeypatch):
    monkeypatch.setenv("PJM_DEADLINE_EPOCH", str(int(time.time())))
    with pytest.raises(UserError, match="ask for more `runtime`"):
        StopRequest()


def test_a_job_that_ran_out_of_time_asks_to_be_run_again(monkeypatch, tmp_path):
    monkeypatch.setenv("SNAKEMAKE_PJM_MORE_TIME", str(tmp_path / "more_time"))
    with pytest.raises(SystemExit) as left:
        StopRequest(walltime_s=0).leave()
    assert left.value.code == 75
    assert (tmp_path / "more_time").exists()


def test_a_job_that_was_told_to_stop_asks_for_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("SNAKEMAKE_PJM_MORE_TIME", str(tmp_path / "more_time"))
    request = StopRequest(walltime_s=0)
    request.note(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as left:
        request.leave()
    assert left.value.code == 143
    assert not (tmp_path / "more_time").exists()


def test_the_limit_of_a_process_that_is_forked_counts_from_the_fork():
    program = """
        import os, time
        from tenbin.training import stopping

        stopping.PROCESS_START -= 3600
        pid = os.fork()
        left_s = stopping.StopRequest(walltime_s=60).seconds_left()
        assert (left_s > 0) == (pid == 0), left_s
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
