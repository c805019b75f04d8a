"""A run that diverges: what is kept, what is said, and that a retry says the same without training."""

import math
import os
import re
import shlex
import subprocess
import sys

import pytest
from training_runs import CHECKOUT, end, steps_written, training

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.mixing.ledger import read_ledger
from tenbin.mixing.samples import BlendedSamples
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import train_segment

STEPS = 12


@pytest.fixture
def diverging(make_tiny_run, tmp_path, monkeypatch):
    """Return a run whose eighth loss is not a number."""
    accumulate, taken = NetworkInTraining._accumulate, []

    def lose(network, sequences, share):
        taken.append(accumulate(network, sequences, share))
        return math.nan if len(taken) == 8 else taken[-1]

    monkeypatch.setattr(NetworkInTraining, "_accumulate", lose)
    return make_tiny_run(tmp_path)


def diverge(run, **changes):
    with pytest.raises(UserError) as error:
        train_segment(run.job(STEPS, checkpoint_interval_s=0.0, tokenizer=run.tokenizer, **changes))
    return str(error.value)


def test_it_stops_names_the_step_and_keeps_the_last_good_checkpoint(diverging):
    message = diverge(diverging)
    assert re.match(r"training diverged at step 8: loss nan, gradient norm [\d.]+; its batch read", message)
    assert f"The state after step 7 is kept in {diverging.run_folder / '0001' / 'step7'}" in message
    assert (diverging.run_folder / "0001" / "step7" / "state.safetensors").exists()
    assert not diverging.marker(STEPS).exists()
    assert steps_written(diverging) == 7, "history holds numbers only"


def test_it_names_the_documents_of_the_batch(diverging):
    message = diverge(diverging)
    samples = BlendedSamples(diverging.folder / "orders", diverging.tokens, 16, 4)
    expected = list(dict.fromkeys((line.corpus, line.document) for line, _ in read_ledger(samples, 8)))
    assert f"read {len(expected)} documents: {expected[0][0]} {expected[0][1]}" in message
    record = read_json(diverging.run_folder / "0001" / "diverged.json")
    assert [tuple(place) for place in record["documents"]] == expected
    assert (record["step"], record["message"]) == (8, message)


def test_the_command_it_gives_shows_them(diverging):
    message = diverge(diverging)
    words = shlex.split(re.search("`([^`]+show_samples[^`]+)`", message)[1])
    assert words[-2:] == ["--tokenizer", str(diverging.tokenizer)]
    command = [sys.executable, *words[1:-3]]  # the tiny run's tokenizer has no vocabulary to show text by
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src")}
    shown = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True).stdout
    documents = read_json(diverging.run_folder / "0001" / "diverged.json")["documents"]
    rows = [line.split("\t") for line in shown.splitlines()[1:]]
    assert list(dict.fromkeys((row[2], int(row[5])) for row in rows)) == [tuple(place) for place in documents]


def test_a_retry_fails_at_once_with_the_same_message_until_the_record_is_deleted(diverging):
    message = diverge(diverging)
    assert diverge(diverging) == message
    assert steps_written(diverging) == 7
    record = diverging.run_folder / "0001" / "diverged.json"
    assert f"delete {record} to let this run go on from there once more" in message
    record.unlink()
    train_segment(diverging.job(STEPS))
    assert steps_written(diverging) == STEPS, "the loss is a number the second time"


def test_segments_that_end_before_it_can_still_be_trained(diverging):
    diverge(diverging)
    train_segment(diverging.job(7))
    assert diverging.marker(7).exists()


def test_a_process_that_was_taken_over_leaves_no_record(diverging, monkeypatch):
    monkeypatch.setattr("tenbin.training.generations.Generation.is_newest", lambda generation: False)
    assert "no longer the newest" in diverge(diverging)
    assert not list(diverging.run_folder.rglob("diverged.json"))


@pytest.mark.slow
def test_the_job_ends_in_one_line_and_status_1(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    run.respell(schedule=read_json(run.spec)["schedule"] | {"peak_learning_rate": 1e30})
    for _ in range(2):
        with training(run, STEPS) as process:
            said = end(process)
        assert process.returncode == 1
        assert re.match(r"tenbin: error: training diverged at step \d+: loss", said.splitlines()[-1])
        assert "No checkpoint had been written" in said
        assert "Traceback" not in said
