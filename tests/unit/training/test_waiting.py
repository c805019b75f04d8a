"""Waiting for another writer: how it ends before that writer does."""

import signal

import pytest
from training_runs import end, losses, training

from tenbin.files import write_json
from tenbin.training.heartbeat import RELEASED
from tenbin.training.segment import train_segment

STEPS = 12
NOBODY = {"host": "elsewhere", "pid": 1, "job": "77", "lease_s": 600.0, "start_generation": 0, "start_step": 0}


@pytest.mark.slow
def test_waiting_ends_before_the_waiters_own_time_limit(waiting_for_nobody):
    with training(waiting_for_nobody, STEPS, walltime_s=4.0, stop_margin_s=1.0) as waiting:
        said = end(waiting)
    assert waiting.returncode == 75
    assert "stopped 1 s before the time limit of 4 s, while waiting for job 77 on elsewhere" in said
    assert "tenbin: error" not in said
    assert sorted(path.name for path in waiting_for_nobody.run_folder.iterdir()) == ["0001"]


@pytest.mark.slow
def test_waiting_ends_with_a_signal(waiting_for_nobody):
    with training(waiting_for_nobody, STEPS) as waiting:
        assert "job 77 on elsewhere, process 1, may be training this run" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGTERM)
        said = end(waiting)
    assert waiting.returncode == 143
    assert "stopped by SIGTERM, while waiting for job 77 on elsewhere" in said


@pytest.fixture
def waiting_for_nobody(make_tiny_run, tmp_path):
    """Return a run that a process elsewhere is said to train."""
    run = make_tiny_run(tmp_path)
    write_json(run.run_folder / "0001" / "owner.json", NOBODY)
    return run


def test_a_mark_made_by_hand_ends_the_waiting(make_tiny_run, uncut, tmp_path, capfd):
    run = make_tiny_run(tmp_path / "forced")
    write_json(run.run_folder / "0001" / "owner.json", NOBODY)
    (run.run_folder / "0001" / RELEASED).touch()
    train_segment(run.job(STEPS))
    assert "going on after job 77 on elsewhere, process 1: it was released" in capfd.readouterr().err
    assert losses(run, STEPS) == losses(uncut, STEPS)
