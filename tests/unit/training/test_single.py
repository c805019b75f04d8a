"""Exact resume: a run cut anywhere, in whatever way, gives the losses and the state of an uncut one, bit for bit."""

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from training_runs import (
    CHECKOUT,
    assert_same_training,
    command,
    end,
    steps_written,
    training,
    wait_for_steps,
)

from tenbin.training import stopping
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import train_segment

STEPS = 12
HOUR_S = 3600.0

SUICIDE = """
import importlib, os, runpy, sys
place, call, number, *sys.argv = sys.argv[1:]
module, _, name = place.partition(":")
*owners, name = name.split(".")
owner = importlib.import_module(module)
for part in owners:
    owner = getattr(owner, part)
function, calls = getattr(owner, name), []
def cut(*arguments, **named):
    calls.append(None)
    if len(calls) == int(call):
        os.kill(os.getpid(), int(number))
    return function(*arguments, **named)
setattr(owner, name, cut)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""A training job that sends itself a signal just before the n-th call of a function."""


class LostPowerError(Exception):
    """Ends a process without its saving anything."""


def cut_in_process(patch, run, step, kind, interval_s):
    """Train until `step` is cut by a signal, the time limit or a failure."""
    take_step = NetworkInTraining.step

    def cut(network, number, batch):
        if number == step and kind == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        if number == step and kind == "time limit":
            patch.setattr(stopping, "PROCESS_START", stopping.PROCESS_START - HOUR_S)
        if number == step and kind == "failure":
            raise LostPowerError
        return take_step(network, number, batch)

    patch.setattr(NetworkInTraining, "step", cut)
    patch.setattr(stopping, "PROCESS_START", stopping.time.monotonic())
    with pytest.raises((SystemExit, LostPowerError)) as left:
        train_segment(run.job(STEPS, checkpoint_interval_s=interval_s, walltime_s=HOUR_S, stop_margin_s=600.0))
    assert getattr(left.value, "code", None) == {"signal": 143, "time limit": 75, "failure": None}[kind]


cuts = st.lists(
    st.tuples(
        st.integers(1, STEPS - 1), st.sampled_from(["signal", "time limit", "failure"]), st.sampled_from([0.0, 600.0])
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=cuts)
def test_a_run_cut_at_any_steps_has_the_bits_of_an_uncut_one(make_tiny_run, uncut, tmp_path_factory, cuts):
    run = make_tiny_run(tmp_path_factory.mktemp("cut"))
    repeated = reached = 0
    for step, kind, interval_s in sorted(cuts, key=lambda cut: cut[0]):
        if step <= reached:
            continue
        with pytest.MonkeyPatch.context() as patch:
            cut_in_process(patch, run, step, kind, interval_s)
        reached = step - (kind == "failure")
        repeated += 0 if kind != "failure" or interval_s == 0 else reached
    train_segment(run.job(STEPS))
    assert_same_training(run, uncut, STEPS)
    assert steps_written(run) - STEPS <= repeated, "a signal or a time limit repeats nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("tenbin.training.takeover:claim_generation", 1),
        ("tenbin.training.network:NetworkInTraining.step", 1),
        ("tenbin.training.network:NetworkInTraining.step", 8),
        ("tenbin.training.record:HistoryWriter.write", 5),
        ("tenbin.training.checkpoints:write_safetensors", 4),
        ("tenbin.training.checkpoints:write_json", 4),
        ("tenbin.training.loop:prune_checkpoints", 6),
        ("tenbin.training.checkpoints:shutil.rmtree", 2),
        ("tenbin.training.takeover:publish_marker", 1),
        ("tenbin.training.markers:write_json", 2),
        ("tenbin.training.heartbeat:release", 1),
    ],
)
def test_a_job_killed_at_any_place_leaves_nothing_that_changes_the_result(make_tiny_run, uncut, tmp_path, place, call):
    run = make_tiny_run(tmp_path / "killed")
    words = command(run, STEPS, checkpoint_interval_s=0.0)
    suicide = [sys.executable, "-c", SUICIDE, place, str(call), str(int(signal.SIGKILL)), *words[1:]]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(suicide, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    train_segment(run.job(STEPS))
    assert_same_training(run, uncut, STEPS)
    assert steps_written(run) <= STEPS + 1
    run.finish(STEPS)
    assert not list(run.folder.rglob("*.deleted"))


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGXCPU, 152)])
def test_a_signal_saves_the_state_and_the_rest_has_the_same_bits(make_tiny_run, tmp_path, number, status):
    steps = 1000
    stopped, whole = [make_tiny_run(tmp_path / name, steps) for name in ("stopped", "whole")]
    with training(stopped, steps) as process:
        wait_for_steps(stopped, 20)
        process.send_signal(number)
        said = end(process)
    assert process.returncode == status, said
    assert f"stopped by {number.name}" in said
    assert not stopped.marker(steps).exists()
    assert 0 < steps_written(stopped) < steps
    train_segment(stopped.job(steps))
    train_segment(whole.job(steps))
    assert_same_training(stopped, whole, steps)
    assert steps_written(stopped) == steps


@pytest.mark.slow
def test_a_job_stops_itself_before_its_time_limit_and_goes_on(make_tiny_run, tmp_path):
    steps = 100_000
    run, whole = [make_tiny_run(tmp_path / name, steps) for name in ("limited", "whole")]
    for _ in range(2):
        before = steps_written(run)
        with training(run, steps, walltime_s=9.0, stop_margin_s=2.0) as process:
            said = end(process)
        assert process.returncode == 75, said
        last = said.splitlines()[-1]
        assert last.startswith("tenbin: stopped 2 s before the time limit of 9 s; the state is saved in")
        assert last.endswith("run again to go on")
        assert "tenbin: error" not in said
        assert steps_written(run) > before
    reached = steps_written(run)
    train_segment(run.job(reached))
    train_segment(whole.job(reached))
    assert_same_training(run, whole, reached)
    assert steps_written(run) == reached
