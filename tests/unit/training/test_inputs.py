"""What a run reads is what its spec names, at every start."""

import pytest
from training_runs import steps_written

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.training.segment import train_segment

STEPS = 12


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


def test_tokens_that_changed_between_segments_are_refused(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    path = run.tokens["en"].with_suffix(".bin")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"en\.bin is damaged"):
        train_segment(run.job(STEPS, previous=run.marker(5)))
    assert not run.marker(STEPS).exists()
    assert steps_written(run) == 5


def test_tokens_changed_together_with_their_records_make_another_run(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    index = run.folder / "orders" / "en" / "index.json"
    record = read_json(index)
    record["token_files"]["bin"]["sha256"] = "f" * 64
    write_json(index, record)
    with pytest.raises(UserError, match="another order"):
        train_segment(run.job(STEPS, previous=run.marker(5)))
