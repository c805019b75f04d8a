"""Segments: going on, repeating and refusing, with equal bits as the measure."""

import csv
import shutil

import numpy as np
import pytest
from training_runs import assert_same_training, losses, steps_written

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.execution import Placement
from tenbin.training.segment import train_segment

STEPS = 12


def recorded_losses(path):
    with path.open() as stream:
        return np.array([float(row["lm_loss"]) for row in csv.DictReader(stream)])


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
    assert_same_training(run, uncut, STEPS)
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
    shutil.rmtree(uncut.run_folder / "0001" / "segments")
    train_segment(uncut.job(STEPS))
    assert uncut.marker(STEPS).read_bytes() == before
    assert steps_written(uncut) == STEPS


def test_a_checkpoint_of_another_run_is_refused(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "other")
    run.respell(seed=99)
    run.run_folder.parent.mkdir()
    shutil.copytree(uncut.run_folder, run.run_folder)
    with pytest.raises(UserError, match="checkpoint of another run"):
        train_segment(run.job(STEPS))
    assert not run.marker(STEPS).exists()


def test_a_segment_after_another_run_is_refused(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    run.respell(seed=99)
    with pytest.raises(UserError, match="is a segment of another run than the spec describes"):
        train_segment(run.job(STEPS, previous=run.marker(5)))


def test_a_margin_that_leaves_no_time_is_refused(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    with pytest.raises(UserError, match="a stop margin of 600 s leaves no time to train within a time limit of 600 s"):
        train_segment(run.job(STEPS, walltime_s=600.0, stop_margin_s=600.0))
    assert not run.run_folder.exists()


@pytest.mark.parametrize("end_step", [0, 13])
def test_an_end_outside_the_run_is_refused(make_tiny_run, tmp_path, end_step):
    with pytest.raises(UserError, match="has steps 1 to 12"):
        train_segment(make_tiny_run(tmp_path).job(end_step))
