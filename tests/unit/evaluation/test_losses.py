"""A run's losses on a validation set: sums, units and refusals."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from tenbin import recipes
from tenbin.errors import UserError
from tenbin.evaluation.losses import clustered_standard_error, score_run
from tenbin.evaluation.scoring import load_model, score_tokens
from tenbin.files import read_json, verify_file, write_json
from tenbin.study.catalogue import Valid
from tenbin.training.spec import read_spec

if TYPE_CHECKING:
    from conftest import FinishedRun

GOLDEN_LOSS = 4.993237801087209
VALID = Valid(language="en", corpus="english", in_domain=True)


def score(files: "FinishedRun") -> dict[str, object]:
    score_run(files.run, "en", VALID, files.valid, threads=1, losses=files.losses, documents=files.documents)
    return read_json(files.losses)


def test_losses_sum_up_tokens_of_the_text(finished_run: "FinishedRun") -> None:
    row = score(finished_run)
    shape = read_spec(finished_run.run.spec)[0].architecture
    nats = score_tokens(load_model(shape, finished_run.run.model / "model.safetensors"), finished_run.stream, 8)
    total = math.fsum(nats.tolist())
    letters = len("the cat sat" + "a" + "on the mat and slept" + "dogs")
    assert row["eval_tokens"] == letters + 4 - 1
    assert row["eval_documents"] == 4
    assert row["eval_bytes"] == row["eval_chars"] == letters
    assert row["loss_nats_per_token"] == pytest.approx(total / (letters + 3), rel=1e-12)
    assert row["bits_per_byte"] == pytest.approx(total / letters / math.log(2), rel=1e-12)
    assert row["bits_per_char"] == row["bits_per_byte"]


def test_the_row_names_run_and_valid(finished_run: "FinishedRun") -> None:
    row = score(finished_run)
    expected = {
        "mix": "enja", "size": "e3", "schedule": "s10", "seed": 0, "valid": "en", "lang": "en", "in_domain": True,
        "engine": "torch", "vocab": 128, "seq_len": 8, "lr": 0.01, "n_nonembedding": 3312, "n_total": 7408,
        "steps": 10, "tokens": 160, "tokens_per_corpus": {"english": 160},
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["flops"] == 160 * 6 * (12 * 16**2 + 128 * 16 + 8 * 16)


def test_the_documents_table_adds_up_to_the_loss(finished_run: "FinishedRun") -> None:
    row = score(finished_run)
    verify_file(finished_run.documents, row["files"]["documents"])  # type: ignore[index]
    table = pq.read_table(finished_run.documents).to_pydict()
    assert sum(table["nats"]) / sum(table["targets"]) == pytest.approx(row["loss_nats_per_token"], rel=1e-12)
    assert sum(table["bytes"]) == row["eval_bytes"]
    assert table["script"].count("end") == 4


def test_scoring_twice_gives_the_same_bytes(finished_run: "FinishedRun") -> None:
    score(finished_run)
    first = finished_run.losses.read_bytes(), finished_run.documents.read_bytes()
    score(finished_run)
    assert (finished_run.losses.read_bytes(), finished_run.documents.read_bytes()) == first


def test_recipe_moves_with_the_losses(finished_run: "FinishedRun") -> None:
    """If this number moves, raise LOSSES in tenbin.recipes: every run must be scored again."""
    assert recipes.LOSSES == 1
    assert score(finished_run)["loss_nats_per_token"] == pytest.approx(GOLDEN_LOSS, abs=2e-6)


def test_standard_error_is_that_of_resampled_documents() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(5, 60, 400).astype(float)
    nats = targets * (3 + 0.5 * rng.standard_normal(400)) + rng.standard_normal(400)
    draws = rng.integers(0, 400, (4000, 400))
    resampled = nats[draws].sum(1) / targets[draws].sum(1)
    assert clustered_standard_error(nats, targets) == pytest.approx(resampled.std(), rel=0.06)


def test_one_document_has_no_standard_error() -> None:
    assert clustered_standard_error(np.array([3.0]), np.array([1.0])) is None


def test_another_runs_closing_record_is_refused(finished_run: "FinishedRun") -> None:
    done = read_json(finished_run.run.done)
    write_json(finished_run.run.done, done | {"fingerprint": "0" * 64})
    with pytest.raises(UserError, match="another run"):
        score(finished_run)


def test_changed_weights_are_refused(finished_run: "FinishedRun") -> None:
    weights = finished_run.run.model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(UserError, match=r"model\.safetensors is damaged"):
        score(finished_run)
    assert not finished_run.losses.exists()


def test_another_tokenizer_is_refused(finished_run: "FinishedRun") -> None:
    record = finished_run.valid.tokens.with_name("valid.json")
    write_json(record, read_json(record) | {"tokenizer_sha256": "1" * 64})
    with pytest.raises(UserError, match="another tokenizer"):
        score(finished_run)


def test_documents_without_their_end_token_are_refused(finished_run: "FinishedRun") -> None:
    record = finished_run.valid.tokenizer_record
    write_json(record, read_json(record) | {"end_of_text_id": 5})
    with pytest.raises(UserError, match="document 0 does not end"):
        score(finished_run)
