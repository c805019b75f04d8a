"""Checkpoints: whole or passed over, and kept as long as something may start from them."""

import numpy as np
import pytest
from training_runs import assert_same_training

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, write_json
from tenbin.training.checkpoints import Checkpoint, prune_checkpoints, save_checkpoint, start_checkpoint, sweep
from tenbin.training.generations import Generation, Start, claim_generation
from tenbin.training.segment import train_segment
from tenbin.training.spec import read_spec

STEPS = 12
FINGERPRINT = "f" * 64


def flip_a_byte(folder):
    path = folder / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def truncate(folder):
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def lose_the_description(folder):
    (folder / "state.json").unlink()


def cut_the_description(folder):
    path = folder / "state.json"
    path.write_text(path.read_text()[:-20])


def lose_the_tensors(folder):
    (folder / "state.safetensors").unlink()


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, lose_the_description, cut_the_description, lose_the_tensors])
def test_a_damaged_checkpoint_is_passed_over_with_a_notice(make_tiny_run, uncut, tmp_path, capfd, damage):
    run = make_tiny_run(tmp_path / "damaged")
    train_segment(run.job(4))
    train_segment(run.job(8, previous=run.marker(4)))
    damage(run.run_folder / "0002" / "step8")
    train_segment(run.job(STEPS, previous=run.marker(8)))
    said = capfd.readouterr().err
    assert "skipping a damaged checkpoint, going back to the one before" in said
    assert "resuming after step 4" in said
    assert_same_training(run, uncut, STEPS)


@pytest.fixture
def generation(tmp_path):
    return claim_generation(tmp_path / "run", 1, Start())


@pytest.fixture
def many_files(generation):
    """Return a checkpoint of an engine that writes many files."""
    checkpoint = Checkpoint(generation, 7)
    for name in ("latest", "global_step7/weights.pt"):
        path = checkpoint.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    files = {name: record_file(checkpoint.folder / name) for name in ("latest", "global_step7/weights.pt")}
    write_json(checkpoint.folder / "state.json", {"fingerprint": FINGERPRINT, "step": 7, "files": files})
    return checkpoint


def test_a_checkpoint_of_many_files_is_verified_file_by_file(many_files):
    many_files.verify(FINGERPRINT)
    assert sorted(many_files.record()) == ["global_step7/weights.pt", "latest"]
    (many_files.folder / "global_step7" / "weights.pt").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"global_step7/weights\.pt"):
        many_files.verify(FINGERPRINT)


def test_a_lost_file_of_many_is_found(many_files):
    (many_files.folder / "latest").unlink()
    with pytest.raises(UserError, match="latest is missing"):
        many_files.verify(FINGERPRINT)


def test_a_checkpoint_with_one_file_of_tensors_records_it_alone(generation):
    checkpoint = save_checkpoint(generation, 3, FINGERPRINT, {"weights/a": np.ones(2, np.float32)})
    checkpoint.verify(FINGERPRINT)
    assert checkpoint.record() == record_file(checkpoint.folder / "state.safetensors")
    assert "files" not in read_json(checkpoint.folder / "state.json")


def test_old_checkpoints_go_but_segment_ends_and_the_newest_two_stay(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(3, checkpoint_interval_s=0.0))
    train_segment(run.job(9, previous=run.marker(3), checkpoint_interval_s=0.0))
    kept = sorted(int(path.name.removeprefix("step")) for path in run.run_folder.glob("*/step*"))
    assert kept == [3, 8, 9]


def test_a_process_that_was_taken_over_deletes_nothing(generation):
    for step in (1, 2, 3, 4):
        save_checkpoint(generation, step, FINGERPRINT, {"weights/a": np.ones(2, np.float32)})
    claim_generation(generation.run_folder, 2, Start(1, 1))
    with pytest.raises(UserError, match="no longer the newest"):
        prune_checkpoints(generation, 4, [])
    assert len(list(generation.folder.glob("step*"))) == 4


def test_what_killed_processes_left_half_done_is_swept_away(generation):
    for name in (".step5.123.partial", ".step4.deleted", "step3"):
        (generation.folder / name).mkdir()
    newest = claim_generation(generation.run_folder, 2, Start())
    (newest.folder / ".step6.124.partial").mkdir()
    sweep(newest)
    assert [path.name for path in generation.folder.glob("*step*")] == ["step3"]
    assert (newest.folder / ".step6.124.partial").exists()


def test_a_generation_that_starts_in_a_run_that_is_not_its_trunk_is_refused(make_tiny_run, tmp_path):
    spec = read_spec(make_tiny_run(tmp_path / "inputs").spec)[0]
    generation = claim_generation(tmp_path / "run", 1, Start(1, 5, "e" * 64))
    with pytest.raises(UserError, match="starts from another run than its spec names"):
        start_checkpoint(generation, spec)


def test_the_start_is_found_where_it_lies(make_tiny_run, tmp_path):
    spec = read_spec(make_tiny_run(tmp_path / "inputs").spec)[0]
    trunk = {"trunk": {"fingerprint": FINGERPRINT, "step": 5}}
    branch = type(spec).model_validate(spec.model_dump(exclude={"trunk"}) | trunk)
    first = claim_generation(tmp_path / "run", 1, Start())
    second = claim_generation(tmp_path / "run", 2, Start(1, 4))
    leaving = claim_generation(tmp_path / "branch", 1, Start(3, 5, FINGERPRINT))
    assert start_checkpoint(first, spec) is None
    assert start_checkpoint(second, spec) == Checkpoint(first, 4)
    assert start_checkpoint(leaving, branch) == Checkpoint(Generation(tmp_path / FINGERPRINT, 3), 5)
