"""Segments: stopping, going on, taking over and refusing, with equal bits as the measure."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation, Start, claim_generation
from tenbin.training.history import assemble_history
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import train_segment

STEPS = 12


@pytest.fixture
def uncut(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path / "uncut")
    train_segment(run.job(STEPS))
    return run


def final_state(run, end_step=STEPS):
    generation = read_json(run.marker(end_step))["generation"]
    return Checkpoint(Generation(run.run_folder, generation), end_step).read()


def losses(run, end_step=STEPS):
    generation = read_json(run.marker(end_step))["generation"]
    return [line["loss"] for line in assemble_history(run.run_folder, generation, end_step)]


def assert_same_training(run, other, end_step=STEPS):
    assert losses(run, end_step) == losses(other, end_step)
    state, expected = final_state(run, end_step), final_state(other, end_step)
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)


def recorded_losses(path):
    with path.open() as stream:
        return np.array([float(row["lm_loss"]) for row in csv.DictReader(stream)])


def steps_written(run):
    return sum(len(path.read_text().splitlines()) for path in run.run_folder.glob("*/history.jsonl"))


@pytest.mark.golden
def test_a3_in_two_segments_is_the_recorded_run_and_the_uncut_one_to_the_bit(make_golden_run, golden, tmp_path):
    uncut, cut = make_golden_run(tmp_path / "uncut"), make_golden_run(tmp_path / "cut")
    train_segment(uncut.job(60, placement=Placement(micro_batch=4)))
    train_segment(cut.job(30, placement=Placement(micro_batch=4)))
    train_segment(cut.job(60, placement=Placement(micro_batch=4), previous=cut.marker(30)))
    assert_same_training(cut, uncut, 60)
    assert np.abs(losses(uncut, 60) - recorded_losses(golden / "runs/A3/steps.csv")).max() <= 2e-6
    resumed = recorded_losses(golden / "runs/A3/resume30_steps.csv")
    assert np.abs(losses(cut, 60)[30:] - resumed).max() <= 2e-6


@pytest.mark.golden
def test_the_whole_batch_at_once_gives_the_recorded_losses_too(make_golden_run, golden, tmp_path):
    run = make_golden_run(tmp_path)
    train_segment(run.job(60))
    assert np.abs(losses(run, 60) - recorded_losses(golden / "runs/A3/steps.csv")).max() <= 4e-6


def test_three_segments_give_the_bits_of_one(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "cut")
    previous = None
    for end_step in (5, 9, STEPS):
        train_segment(run.job(end_step, previous=previous))
        previous = run.marker(end_step)
    assert_same_training(run, uncut)
    assert read_json(run.marker(9))["previous_steps"] == 5
    assert read_json(run.marker(9))["samples_read"] == 36


def test_a_finished_segment_takes_no_step_and_writes_the_same_marker(uncut, capfd):
    before, steps = uncut.marker(STEPS).read_bytes(), steps_written(uncut)
    uncut.marker(STEPS).unlink()
    train_segment(uncut.job(STEPS))
    assert uncut.marker(STEPS).read_bytes() == before
    assert steps_written(uncut) == steps == STEPS
    assert "no step taken" in capfd.readouterr().err


def test_a_lost_marker_copy_is_made_from_the_checkpoint_without_a_step(uncut):
    before = uncut.marker(STEPS).read_bytes()
    shutil.rmtree(uncut.run_folder / "segments")
    train_segment(uncut.job(STEPS))
    assert uncut.marker(STEPS).read_bytes() == before
    assert steps_written(uncut) == STEPS


def test_a_damaged_checkpoint_is_passed_over_with_a_notice(make_tiny_run, uncut, tmp_path, capfd):
    run = make_tiny_run(tmp_path / "damaged")
    train_segment(run.job(4))
    train_segment(run.job(8))
    state = run.run_folder / "0002" / "step8" / "state.safetensors"
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    train_segment(run.job(STEPS, previous=run.marker(8)))
    assert "skipping a damaged checkpoint" in capfd.readouterr().err
    assert_same_training(run, uncut)


def test_a_checkpoint_of_another_run_is_refused(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "other")
    run.respell(seed=99)
    run.run_folder.parent.mkdir()
    shutil.copytree(uncut.run_folder, run.run_folder)
    with pytest.raises(UserError, match="checkpoint of another run"):
        train_segment(run.job(STEPS))
    assert not run.marker(STEPS).exists()


def test_a_process_that_was_taken_over_publishes_nothing(make_tiny_run, tmp_path, monkeypatch):
    run, step = make_tiny_run(tmp_path), NetworkInTraining.step

    def take_over_at_six(network, number, batch):
        if number == 6:
            claim_generation(run.run_folder, 2, Start())
        return step(network, number, batch)

    monkeypatch.setattr(NetworkInTraining, "step", take_over_at_six)
    with pytest.raises(UserError, match="no longer the newest generation"):
        train_segment(run.job(STEPS))
    assert not run.marker(STEPS).exists()
    assert not list(run.run_folder.glob("*/step*"))


def test_what_an_older_generation_wrote_after_a_takeover_is_ignored(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "taken")
    train_segment(run.job(4))
    assert claim_generation(run.run_folder, 2, Start(1, 4)) is not None
    late = run.run_folder / "0001" / "step10"
    shutil.copytree(run.run_folder / "0001" / "step4", late)
    with (run.run_folder / "0001" / "history.jsonl").open("a") as stream:
        stream.write('{"step": 5, "loss": 0}\n')
    train_segment(run.job(STEPS))
    assert read_json(run.run_folder / "0003" / "owner.json")["start_step"] == 4
    assert_same_training(run, uncut)


def test_a_generation_is_made_by_one_process_only(tmp_path):
    assert claim_generation(tmp_path, 1, Start()) is not None
    assert claim_generation(tmp_path, 1, Start()) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001"]


def test_a_diverging_run_stops_and_names_the_step(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    schedule = read_json(run.spec)["schedule"]
    run.respell(schedule=schedule | {"peak_learning_rate": 1e30})
    with pytest.raises(UserError, match=r"diverged at step \d+: loss"):
        train_segment(run.job(STEPS))
    assert not run.marker(STEPS).exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("init_sha256", "other initial weights"),
        ("blend_sha256", "another blend"),
        ("order_sha256", "another order"),
        ("bin_sha256", "orders other tokens"),
    ],
)
def test_inputs_that_are_not_those_of_the_spec_are_refused(make_tiny_run, tmp_path, damage, message):
    run = make_tiny_run(tmp_path)
    spec = read_json(run.spec)
    place = spec if damage in spec else spec["corpora"]["ja"]
    place[damage] = "f" * 64
    run.respell(**spec)
    with pytest.raises(UserError, match=message):
        train_segment(run.job(STEPS))
    assert not run.run_folder.exists()


def test_damaged_tokens_are_refused(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    path = run.tokens["ja"].with_suffix(".bin")
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UserError, match=r"ja\.bin is damaged"):
        train_segment(run.job(STEPS))


@pytest.mark.parametrize("end_step", [0, 13])
def test_an_end_outside_the_run_is_refused(make_tiny_run, tmp_path, end_step):
    with pytest.raises(UserError, match="has steps 1 to 12"):
        train_segment(make_tiny_run(tmp_path).job(end_step))


def test_old_checkpoints_go_but_segment_ends_and_the_newest_two_stay(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(3, checkpoint_interval_s=0.0))
    train_segment(run.job(9, checkpoint_interval_s=0.0))
    kept = sorted(int(path.name.removeprefix("step")) for path in run.run_folder.glob("*/step*"))
    assert kept == [3, 8, 9]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_the_state_and_the_rest_has_the_same_bits(make_tiny_run, repository, tmp_path, number, status):
    steps = 1000
    stopped, uncut = [make_tiny_run(tmp_path / name, steps) for name in ("stopped", "uncut")]
    process = start_process(repository, stopped, steps)
    wait_for_history(stopped, 20)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    assert f"stopped by {number.name}" in errors
    assert not stopped.marker(steps).exists()
    assert 0 < steps_written(stopped) < steps
    train_segment(stopped.job(steps))
    train_segment(uncut.job(steps))
    assert_same_training(stopped, uncut, steps)
    assert steps_written(stopped) == steps


@pytest.mark.slow
def test_a_killed_process_leaves_nothing_that_changes_the_result(make_tiny_run, repository, tmp_path):
    steps = 600
    killed, uncut = [make_tiny_run(tmp_path / name, steps) for name in ("killed", "uncut")]
    process = start_process(repository, killed, steps, "--checkpoint-interval-s", "0.05")
    wait_for_history(killed, 100)
    process.kill()
    process.communicate(timeout=60)
    train_segment(killed.job(steps))
    train_segment(uncut.job(steps))
    assert_same_training(killed, uncut, steps)


def start_process(repository, run, steps, *more):
    command = [sys.executable, str(repository / "scripts" / "train_segment.py"), "--spec", str(run.spec)]
    for name, prefix in run.tokens.items():
        command += ["--tokens", f"{name}={prefix}"]
    command += ["--orders", str(run.folder / "orders"), "--init", str(run.init), "--end-step", str(steps)]
    command += ["--work", str(run.folder / "work"), "--threads", "1", "--marker", str(run.marker(steps)), *more]
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for_history(run, lines):
    deadline = time.monotonic() + 60
    while steps_written(run) < lines:
        assert time.monotonic() < deadline, "no training within a minute"
        time.sleep(0.02)
