"""Decay branches: each is bit for bit the run that keeps the trunk's rate and then lets it fall."""

import json
import shutil

import pytest
from training_runs import assert_same_training, final_state, steps_written

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of
from tenbin.training import network
from tenbin.training.learning_rate import learning_rate
from tenbin.training.segment import train_segment
from tenbin.training.spec import read_spec

TRUNK_STEPS, LEAVE, STEPS = 12, 5, 9


@pytest.fixture
def trunk(make_tiny_run, tmp_path):
    """Return a trunk of constant rate, trained to its end; a branch may leave it after step 5."""
    run = make_tiny_run(tmp_path / "trunk")
    run.respell(schedule=read_json(run.spec)["schedule"] | {"decay": "constant"})
    train_segment(run.job(LEAVE, checkpoint_interval_s=0.0))
    train_segment(run.job(TRUNK_STEPS, previous=run.marker(LEAVE), checkpoint_interval_s=0.0))
    return run


@pytest.fixture
def branch(make_tiny_run, trunk, tmp_path):
    """Return a branch of it that shares its work folder."""
    run = make_tiny_run(tmp_path / "branch")
    spell_branch(run, trunk)
    (tmp_path / "branch" / "work").symlink_to(tmp_path / "trunk" / "work")
    return run


def spell_branch(run, trunk, **changes):
    schedule = read_json(trunk.spec)["schedule"]
    decay = {"steps": STEPS, "decay": "linear", "branch_of": "trunk", "branch_step": LEAVE} | changes
    run.respell(schedule=schedule | decay, trunk={"fingerprint": trunk.fingerprint, "step": LEAVE})


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_a_branch_is_the_uninterrupted_run_with_the_same_rates(make_tiny_run, trunk, branch, monkeypatch, decay):
    spell_branch(branch, trunk, decay=decay)
    train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    assert steps_written(branch) == STEPS - LEAVE
    branch.finish(STEPS)
    trunk_plan, plan = read_spec(trunk.spec)[0].schedule, read_spec(branch.spec)[0].schedule

    def piecewise(step, _schedule):
        return learning_rate(step, trunk_plan if step <= LEAVE else plan)

    monkeypatch.setattr(network, "learning_rate", piecewise)
    whole = make_tiny_run(branch.folder.with_name("whole"))
    train_segment(whole.job(STEPS))
    assert_same_training(branch, whole, STEPS)


def test_a_branchs_history_and_counts_begin_with_its_trunks_first_step(trunk, branch):
    train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    branch.finish(STEPS)
    lines = [json.loads(line) for line in (branch.folder / "history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    assert [line["tokens"] for line in lines] == [step * 4 * 16 for step in range(1, STEPS + 1)]
    marker = read_json(branch.marker(STEPS))
    assert marker["tokens_per_corpus"] == lines[-1]["tokens_per_corpus"]
    assert marker["tokens"] == STEPS * 4 * 16
    assert marker["previous_steps"] == LEAVE
    rates = [line["learning_rate"] for line in lines]
    assert rates[LEAVE] == rates[LEAVE - 1] == 0.01
    assert rates[LEAVE:] == sorted(rates[LEAVE:], reverse=True)
    assert len(set(rates[LEAVE:])) == STEPS - LEAVE


def test_a_branch_in_segments_is_the_branch_in_one(make_tiny_run, trunk, branch, tmp_path):
    train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    other = make_tiny_run(tmp_path / "other")
    spell_branch(other, trunk)
    (tmp_path / "other" / "work").mkdir()
    shutil.copytree(trunk.run_folder, tmp_path / "other" / "work" / trunk.fingerprint)
    train_segment(other.job(7, previous=trunk.marker(LEAVE)))
    train_segment(other.job(STEPS, previous=other.marker(7)))
    assert_same_training(other, branch, STEPS)


def test_a_branch_that_lost_its_own_checkpoints_leaves_its_trunk_again(trunk, branch, capfd):
    train_segment(branch.job(7, previous=trunk.marker(LEAVE)))
    train_segment(branch.job(STEPS, previous=branch.marker(7)))
    expected = final_state(branch, STEPS)
    for folder in branch.run_folder.glob("*/step*"):
        shutil.rmtree(folder)
    train_segment(branch.job(STEPS, previous=branch.marker(7)))
    assert f"branching off the run {trunk.fingerprint[:12]}... after step {LEAVE}" in capfd.readouterr().err
    assert all((final_state(branch, STEPS)[name] == array).all() for name, array in expected.items())
    branch.finish(STEPS)


def test_a_trunk_keeps_the_states_that_branches_leave(trunk):
    kept = sorted(int(path.name.removeprefix("step")) for path in trunk.run_folder.glob("*/step*"))
    assert kept == [LEAVE, TRUNK_STEPS - 1, TRUNK_STEPS]


@pytest.mark.parametrize("what", ["checkpoint", "segment", "run folder"])
def test_a_lost_state_of_the_trunk_is_named_with_what_to_do(trunk, branch, what):
    lost = {"checkpoint": "0001/step5", "segment": "0001/segments", "run folder": "."}[what]
    shutil.rmtree(trunk.run_folder / lost)
    with pytest.raises(UserError, match=r"starts from step 5 of its trunk, and the state of that step is lost: .*work"):
        train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    assert not branch.run_folder.exists()


def test_a_trunk_trained_anew_up_to_the_branch_gives_the_same_branch(trunk, branch):
    train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    expected, seal = final_state(branch, STEPS), seal_of(trunk.marker(TRUNK_STEPS))
    shutil.rmtree(branch.run_folder)
    shutil.rmtree(trunk.run_folder / "0001" / "step5")
    trunk.marker(LEAVE).unlink()
    train_segment(trunk.job(LEAVE))
    train_segment(branch.job(STEPS, previous=trunk.marker(LEAVE)))
    assert all((final_state(branch, STEPS)[name] == array).all() for name, array in expected.items())
    train_segment(trunk.job(TRUNK_STEPS, previous=trunk.marker(LEAVE)))
    assert seal_of(trunk.marker(TRUNK_STEPS)) == seal, "later segments stay as they were"


def test_the_trunks_marker_is_needed_and_must_be_that_of_the_branchs_step(trunk, branch):
    with pytest.raises(UserError, match="is a decay branch: give its trunk's marker of step 5 too"):
        train_segment(branch.job(STEPS))
    with pytest.raises(UserError, match=r"12\.json ends at step 12; the branch of .* begins after 5"):
        train_segment(branch.job(STEPS, previous=trunk.marker(TRUNK_STEPS)))
    with pytest.raises(UserError, match="does not come after"):
        train_segment(branch.job(4, previous=trunk.marker(LEAVE)))


def test_a_marker_of_a_third_run_is_no_trunk(make_tiny_run, trunk, branch, tmp_path):
    other = make_tiny_run(tmp_path / "third")
    train_segment(other.job(LEAVE))
    with pytest.raises(UserError, match="is a segment of another run than the spec describes"):
        train_segment(branch.job(STEPS, previous=other.marker(LEAVE)))
