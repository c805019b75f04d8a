"""Markers: what they say, and that their copies outlive them."""

import shutil

from training_runs import steps_written

from tenbin.files import read_json
from tenbin.kernels.linear_cross_entropy import kernel_path
from tenbin.training.markers import find_marker_copy, segment_ends
from tenbin.training.segment import train_segment

STEPS = 12


def test_the_marker_of_a_single_process_says_what_it_always_said(uncut):
    marker = read_json(uncut.marker(STEPS))
    names = "checkpoint cpu engine fingerprint generation kernel_path micro_batch previous_steps samples_read steps "
    assert list(marker) == f"{names}threads tokens tokens_per_corpus versions".split()
    assert marker["kernel_path"] == kernel_path()
    assert marker["micro_batch"] == 4
    assert sorted(marker["versions"]) == ["python", "tenbin", "torch"]


def test_a_segment_trained_anew_leaves_later_ones_finished(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    for end_step, previous in ((4, None), (8, run.marker(4)), (STEPS, run.marker(8))):
        train_segment(run.job(end_step, previous=previous))
    last, taken = run.marker(STEPS).read_bytes(), steps_written(run)
    shutil.rmtree(run.run_folder / "0002" / "step8")
    run.marker(8).unlink()
    train_segment(run.job(8, previous=run.marker(4)))
    assert steps_written(run) == taken + 4
    run.marker(STEPS).unlink()
    train_segment(run.job(STEPS, previous=run.marker(8)))
    assert run.marker(STEPS).read_bytes() == last
    assert steps_written(run) == taken + 4
    run.finish(STEPS)


def test_the_ends_of_all_segments_are_known(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    assert segment_ends(run.run_folder) == []
    train_segment(run.job(4))
    train_segment(run.job(STEPS, previous=run.marker(4)))
    assert segment_ends(run.run_folder) == [4, STEPS]
    assert find_marker_copy(run.run_folder, 4).read_bytes() == run.marker(4).read_bytes()
    assert find_marker_copy(run.run_folder, 5) is None
