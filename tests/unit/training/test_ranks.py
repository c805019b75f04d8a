"""Training on many processes: the results of one, whatever the split, and nothing lost or left over when it ends.

Real ranks under torch's launcher, on the CPU with gloo.
"""

import csv
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from processes import living, wait_until_gone
from training_runs import assert_same_training, end, final_state, losses, steps_written, training, wait_for_steps

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.execution import Placement
from tenbin.training import ranks
from tenbin.training.checkpoints import WEIGHTS, Checkpoint
from tenbin.training.generations import Generation
from tenbin.training.history import assemble_history
from tenbin.training.segment import train_segment

pytestmark = pytest.mark.slow

STEPS = 20
LONG = 2000
TWO = Placement(processes_per_node=2)
SPLIT = 1e-6
"""How far losses of two splits may be apart in fp32, in nats/token."""
SPLIT_BF16 = 2e-3
"""The same in bf16, where each micro-batch's gradients are rounded to 8 bits before they are summed."""


def train(run, *end_steps, **changes):
    """Train in segments that end at these steps."""
    previous = None
    for end_step in end_steps:
        train_segment(run.job(end_step, previous=previous, **changes))
        previous = run.marker(end_step)
    return run


def differences(run, other, end_step=STEPS):
    return np.abs(np.subtract(losses(run, end_step), losses(other, end_step)))


def history(run, end_step=STEPS):
    return assemble_history(run.run_folder, read_json(run.marker(end_step))["generation"], end_step)


@pytest.fixture
def alone(make_tiny_run, tmp_path):
    """Return the run of a single process without DeepSpeed."""
    return train(make_tiny_run(tmp_path / "alone", STEPS), STEPS)


def test_two_ranks_give_the_losses_weights_and_records_of_one_process(make_tiny_run, alone, tmp_path):
    run = train(make_tiny_run(tmp_path / "two", STEPS), STEPS, placement=TWO)
    assert run.fingerprint == alone.fingerprint
    assert differences(run, alone).max() <= SPLIT
    lines, expected = history(run), history(alone)
    for key in ("step", "tokens", "tokens_per_corpus", "learning_rate"):
        assert [line[key] for line in lines] == [line[key] for line in expected]
    np.testing.assert_allclose(*[[line["grad_norm"] for line in both] for both in (lines, expected)], rtol=1e-5)
    state, single = final_state(run, STEPS), final_state(alone, STEPS)
    assert {name: array.shape for name, array in state.items()} == {name: array.shape for name, array in single.items()}
    moved = np.concatenate([(state[name] - single[name]).ravel() for name in single if name.startswith(WEIGHTS)])
    assert np.sqrt(np.mean(moved**2)) <= 1e-4
    marker, expected = read_json(run.marker(STEPS)), read_json(alone.marker(STEPS))
    assert marker["tokens_per_corpus"] == expected["tokens_per_corpus"]
    assert marker["ranks"] == 2
    assert list(run.run_folder.glob("*/tensorboard/events*"))
    run.finish(STEPS)


def test_micro_batches_and_activations_computed_again_change_nothing_but_rounding(make_tiny_run, alone, tmp_path):
    placement = Placement(processes_per_node=2, micro_batch=1, checkpoint_activations=True)
    run = train(make_tiny_run(tmp_path / "split", STEPS), STEPS, placement=placement)
    assert differences(run, alone).max() <= SPLIT


def test_a_run_goes_on_with_another_number_of_ranks(make_tiny_run, alone, tmp_path):
    run = make_tiny_run(tmp_path / "changing", STEPS)
    train(run, 7)
    train_segment(run.job(14, placement=TWO, previous=run.marker(7)))
    train_segment(run.job(STEPS, previous=run.marker(14)))
    assert differences(run, alone).max() <= SPLIT


def test_two_ranks_in_segments_give_the_bits_of_an_uncut_run(make_tiny_run, tmp_path):
    cut, uncut = [make_tiny_run(tmp_path / name, STEPS) for name in ("cut", "uncut")]
    train(uncut, STEPS, placement=TWO)
    train(cut, 9, STEPS, placement=TWO)
    assert_same_training(cut, uncut, STEPS)


def test_bf16_resumes_to_the_bit_and_stays_close_to_fp32_for_any_split(make_tiny_run, alone, tmp_path):
    cut, uncut, one = [make_tiny_run(tmp_path / name, STEPS) for name in ("cut", "uncut", "one")]
    for run in (cut, uncut, one):
        run.respell(numerics="bf16")
    train(cut, 9, STEPS, placement=Placement(processes_per_node=2, micro_batch=1))
    train(uncut, STEPS, placement=Placement(processes_per_node=2, micro_batch=1))
    train(one, STEPS)
    assert_same_training(cut, uncut, STEPS)
    assert differences(one, uncut).max() <= SPLIT_BF16
    assert 1e-7 < differences(one, alone).max() <= 5e-3
    assert read_json(one.marker(STEPS))["kernel_path"].endswith("-bf16")


@pytest.mark.golden
@pytest.mark.parametrize("name", ["A1", "A3"])
def test_recorded_runs_of_gpt_neox_come_out_on_two_ranks(make_golden_run, golden, tmp_path, name):
    run = train(make_golden_run(tmp_path, name), 60, placement=Placement(processes_per_node=2, micro_batch=2))
    with (golden / "runs" / name / "steps.csv").open() as stream:
        recorded = [float(row["lm_loss"]) for row in csv.DictReader(stream)]
    assert np.abs(np.subtract(losses(run, 60), recorded)).max() <= 4e-6


def test_checkpoints_are_pruned_and_a_finished_segment_starts_no_rank(make_tiny_run, tmp_path, monkeypatch):
    run = train(make_tiny_run(tmp_path), 6, placement=TWO, checkpoint_interval_s=0.0)
    assert sorted(path.name for path in run.run_folder.glob("*/step*")) == ["step5", "step6"]
    before = run.marker(6).read_bytes()
    for copy in (run.marker(6), *run.run_folder.rglob("segments/6.json")):
        copy.unlink()
    monkeypatch.setattr(ranks, "start_ranks", None)
    train_segment(run.job(6, placement=TWO))
    assert run.marker(6).read_bytes() == before


def test_a_diverging_run_stops_all_ranks_and_names_the_step(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    run.respell(schedule=read_json(run.spec)["schedule"] | {"peak_learning_rate": 1e30})
    with pytest.raises(UserError, match=r"diverged at step \d+: loss.* documents"):
        train(run, 12, placement=TWO)
    assert not run.marker(12).exists()
    wait_until_gone(str(tmp_path))


def test_fp16_is_refused_where_it_cannot_be_computed(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    run.respell(numerics="fp16")
    with pytest.raises(UserError, match=r"numerics fp16: the cpu of .* does not compute in fp16"):
        train(run, 12, placement=TWO)


FP16_RANK = """
from deepspeed.accelerator import get_accelerator
from tenbin.errors import command
from tenbin.training import rank_program, ranked_network

get_accelerator().is_fp16_supported = lambda: True  # torch does compute it here, slowly
ranked_network.LOSS_SCALING["initial_scale_power"] = {power}
command(rank_program.main)
"""


@pytest.fixture
def fp16_on_cpu(monkeypatch, tmp_path):
    """Have ranks compute in fp16 on this CPU, from a loss scale of 2^power."""

    def use(power):
        program = tmp_path / "fp16_rank.py"
        program.write_text(FP16_RANK.format(power=power))
        monkeypatch.setattr(ranks, "PROGRAM", [str(program)])

    return use


def test_fp16_skips_updates_that_overflow_and_remembers_it_across_segments(make_tiny_run, tmp_path, fp16_on_cpu):
    fp16_on_cpu(26)
    cut, uncut = [make_tiny_run(tmp_path / name, STEPS) for name in ("cut", "uncut")]
    for run in (cut, uncut):
        run.respell(numerics="fp16")
    train(uncut, STEPS, placement=TWO)
    train(cut, 3, STEPS, placement=TWO)
    assert_same_training(cut, uncut, STEPS)
    lines = history(cut)
    skipped = [line["step"] for line in lines if line["grad_norm"] is None]
    assert skipped[:4] == [1, 2, 3, 4]
    assert len(skipped) < STEPS
    assert [line["loss_scale"] for line in lines[:4]] == [2.0**26, 2.0**26, 2.0**25, 2.0**24]
    assert final_state(cut, STEPS)["loss_scaling/updates"] == STEPS - len(skipped)
    assert np.isfinite([line["loss"] for line in lines]).all()
    assert lines[-1]["loss"] < lines[0]["loss"]


def test_fp16_that_overflows_at_the_smallest_scale_has_diverged(make_tiny_run, tmp_path, fp16_on_cpu):
    fp16_on_cpu(12)
    run = make_tiny_run(tmp_path)
    schedule = read_json(run.spec)["schedule"]
    run.respell(numerics="fp16", schedule=schedule | {"peak_learning_rate": 1e30})
    with pytest.raises(UserError, match=r"diverged at step \d+: loss nan"):
        train(run, 12, placement=TWO)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGXCPU])
def test_a_signal_to_every_process_of_a_job_saves_the_state(make_tiny_run, tmp_path, number):
    stopped, uncut = [make_tiny_run(tmp_path / name, LONG) for name in ("stopped", "uncut")]
    with training(stopped, LONG, placement={"processes_per_node": 2}) as process:
        wait_for_steps(stopped, 20)
        for pid in [*living(str(stopped.run_folder)), process.pid]:
            os.kill(pid, number)
        errors = end(process)
    assert process.returncode == 128 + number, errors
    assert f"stopped by {number.name}" in errors
    done = steps_written(stopped)
    assert 0 < done < LONG
    train(uncut, done, placement=TWO)
    saved = Checkpoint(Generation(stopped.run_folder, 1), done)
    saved.verify(stopped.fingerprint)
    assert {name: array.tobytes() for name, array in saved.read().items()} == {
        name: array.tobytes() for name, array in final_state(uncut, done).items()
    }


def test_a_killed_parent_leaves_no_rank_alive_and_changes_nothing(make_tiny_run, tmp_path):
    killed, uncut = [make_tiny_run(tmp_path / name, LONG) for name in ("killed", "uncut")]
    settings = {"placement": {"processes_per_node": 2}, "checkpoint_interval_s": 0.05}
    with training(killed, LONG, **settings) as process:
        wait_for_steps(killed, 30)
        process.kill()
        end(process)
    wait_until_gone(str(killed.run_folder))
    end_step = steps_written(killed) + 5
    train(killed, end_step, placement=TWO)
    train(uncut, end_step, placement=TWO)
    assert_same_training(killed, uncut, end_step)


def test_a_rank_that_is_killed_ends_the_job_with_a_message(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path, LONG)
    with training(run, LONG, placement={"processes_per_node": 2}) as process:
        wait_for_steps(run, 20)
        rank = next(pid for pid in living(str(run.run_folder)) if rank_of(pid) == "1")
        os.kill(rank, signal.SIGKILL)
        errors = end(process)
    assert process.returncode == 1
    last = errors.splitlines()[-1]
    assert last.startswith("tenbin: error: training process 1 was ended by SIGKILL, and the job with it"), last
    assert "ranks.log; run again to go on" in last
    assert "Traceback" not in errors
    wait_until_gone(str(run.run_folder))


def rank_of(pid):
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((entry.partition(b"=")[2].decode() for entry in variables if entry.startswith(b"RANK=")), None)


def test_an_error_of_the_user_that_a_rank_finds_is_reported_as_it_stands(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    path = run.tokens["ja"].with_suffix(".bin")
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UserError, match=r"ja\.bin is damaged"):
        train(run, 12, placement=TWO)
