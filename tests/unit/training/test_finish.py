"""A closed run: its history is whole and its folder is what transformers loads."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, verify_file, write_json
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Start, claim_generation
from tenbin.training.history import HistoryWriter
from tenbin.training.markers import describe_segment, publish_marker
from tenbin.training.network import build_model
from tenbin.training.segment import train_segment
from tenbin.training.spec import read_spec

STEPS = 12


@pytest.fixture
def finished(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    train_segment(run.job(STEPS, previous=run.marker(5)))
    run.finish(STEPS)
    return run


def test_the_history_has_every_step_once_and_counts_the_tokens_of_each_corpus(finished):
    lines = [json.loads(line) for line in (finished.folder / "history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    assert [line["tokens"] for line in lines] == [step * 4 * 16 for step in range(1, STEPS + 1)]
    assert lines[-1]["tokens_per_corpus"] == {"en": 384, "ja": 384}
    assert set(lines[0]) == {"step", "tokens", "tokens_per_corpus", "learning_rate", "loss", "grad_norm", "seconds"}


def test_the_closing_record_describes_history_and_model(finished):
    done = read_json(finished.folder / "done.json")
    verify_file(finished.folder / "history.jsonl", done["files"].pop("history"))
    for name, record in done["files"].items():
        verify_file(finished.folder / name, record)
    names = {path.name for path in (finished.folder / "model").iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert set(done["files"]) == {f"model/{name}" for name in names}
    assert (done["steps"], done["tokens"], done["fingerprint"]) == (STEPS, 768, finished.fingerprint)


def test_closing_again_gives_the_same_bytes(finished):
    paths = [path for path in finished.folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in paths}
    finished.finish(STEPS)
    assert {path: path.read_bytes() for path in paths} == before


def test_a_step_missing_from_the_history_is_an_error(finished):
    history = finished.run_folder / "0001" / "history.jsonl"
    lines = history.read_text().splitlines(keepends=True)
    history.write_text("".join(lines[:2] + lines[3:]))
    (finished.folder / "history.jsonl").unlink()
    with pytest.raises(UserError, match="the history of step 3 is missing"):
        finished.finish(STEPS)
    assert not (finished.folder / "history.jsonl").exists()


def test_a_run_that_has_not_ended_is_not_closed(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    with pytest.raises(UserError, match="ends at step 5; the run has 12 steps"):
        run.finish(5)


def test_another_tokenizer_is_refused(finished):
    finished.tokenizer.write_text("{}")
    with pytest.raises(UserError, match="another tokenizer"):
        finished.finish(STEPS)


def test_a_run_of_gpt_neox_is_closed_with_what_its_checkpoint_holds(make_tiny_run, tmp_path, monkeypatch):
    run = make_tiny_run(tmp_path)
    run.respell(engine="neox")
    checkpoint = train_like_neox(run)
    weights = load_file(run.init)
    asked = []
    exporter = SimpleNamespace(read_weights=lambda *asked_for: asked.append(asked_for) or weights)
    monkeypatch.setitem(sys.modules, "tenbin.neox.export", exporter)
    run.finish(STEPS)
    assert asked == [(checkpoint, read_spec(run.spec)[0])]
    written = load_file(run.folder / "model" / "model.safetensors")
    assert {name: array.tolist() for name, array in written.items()} == {
        name: array.tolist() for name, array in weights.items()
    }
    lines = [json.loads(line) for line in (run.folder / "history.jsonl").read_text().splitlines()]
    assert [line["grad_norm"] for line in lines] == [None] * STEPS


def train_like_neox(run):
    """Leave what the engine neox leaves: a checkpoint of many files, a history without gradient norms, a marker."""
    generation = claim_generation(run.run_folder, 1, Start())
    history = HistoryWriter(generation)
    for step in range(1, STEPS + 1):
        history.write({"step": step, "loss": 1.0 / step, "grad_norm": None, "seconds": 0.1})
    history.close()
    checkpoint = Checkpoint(generation, STEPS)
    checkpoint.folder.mkdir()
    (checkpoint.folder / "weights.pt").write_bytes(b"weights")
    files = {"weights.pt": record_file(checkpoint.folder / "weights.pt")}
    description = {"fingerprint": run.fingerprint, "step": STEPS, "files": files}
    write_json(checkpoint.folder / "state.json", description)
    spec = read_spec(run.spec)[0]
    place = Placement(nodes=2, gpus_per_node=8)
    marker = describe_segment(
        spec,
        run.fingerprint,
        checkpoint,
        previous_steps=0,
        tokens_per_corpus={"en": 384, "ja": 384},
        threads=1,
        kernel_path="neox",
        micro_batch=1,
        placement=place,
        packages=("tenbin", "torch"),
    )
    assert (marker["ranks"], marker["nodes"], marker["checkpoint"]) == (16, 2, files)
    publish_marker(marker, generation, run.marker(STEPS))
    return checkpoint


@pytest.mark.golden
@pytest.mark.slow
def test_transformers_loads_the_folder_with_equal_logits_and_a_working_tokenizer(make_golden_run, tmp_path):
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    run = make_golden_run(tmp_path)
    train_segment(run.job(60))
    run.finish(60)
    folder = run.folder / "model"

    expected = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)

    assert type(expected).__name__ == "GPTNeoXForCausalLM"
    assert expected.dtype == torch.float32
    assert expected.config.eos_token_id == expected.config.bos_token_id == tokenizer.eos_token_id == 0
    text = "  Scales weigh two pans.\n天秤は二つの皿を量る。é\r\n"
    token_ids = tokenizer(text)["input_ids"]
    assert token_ids == tokenizers.Tokenizer.from_file(str(run.tokenizer)).encode(text).ids
    assert tokenizer.decode(token_ids) == text
    model = build_model(read_spec(run.spec)[0].architecture)
    model.load_state_dict(
        {name.replace("lm_head", "embed_out"): value for name, value in expected.state_dict().items()}
    )
    batch = torch.tensor([token_ids])
    with torch.no_grad():
        np.testing.assert_allclose(model(batch), expected(batch).logits, rtol=0, atol=2e-5)
