"""Losses of tokens, held against transformers on weights that GPT-NeoX trained."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.evaluation.scoring import load_model, score_tokens
from tenbin.files import write_bytes
from tenbin.tokens.mmap import open_pair
from tenbin.training.network import build_model
from tenbin.training.spec import NetworkShape

if TYPE_CHECKING:
    from conftest import FinishedRun

SEQUENCE_LENGTH = 256
A3 = NetworkShape(
    hidden_size=64, num_layers=2, num_heads=8, rotary_width=2, vocabulary=4096, sequence_length=SEQUENCE_LENGTH,
    n_nonembedding=100_096, n_total=624_384,
)  # fmt: skip


def transformers_losses(model_folder: Path, stream: NDArray[np.integer]) -> NDArray[np.float64]:
    """Score window by window with transformers' own network and cross-entropy."""
    transformers = pytest.importorskip("transformers")
    model = transformers.GPTNeoXForCausalLM.from_pretrained(model_folder, local_files_only=True).eval()
    tokens = torch.from_numpy(stream.astype(np.int64))
    losses = []
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, SEQUENCE_LENGTH):
            window = tokens[start : start + SEQUENCE_LENGTH + 1]
            logits = model(window[None, :-1]).logits[0]
            losses.append(torch.nn.functional.cross_entropy(logits, window[1:], reduction="none"))
    return torch.cat(losses).double().numpy()


@pytest.mark.golden
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ja"])
def test_losses_are_those_of_transformers(shared_data: Path, tmp_path: Path, language: str) -> None:
    golden = shared_data / "neox_golden"
    (tmp_path / "config.json").symlink_to(golden / "runs/A3/config.json")
    (tmp_path / "model.safetensors").symlink_to(golden / "runs/A3/final.safetensors")
    prefix = golden / "tokens" / "bpe4096" / f"{language}_valid_text_document"
    stream = open_pair(prefix.with_suffix(".bin"), prefix.with_suffix(".idx")).tokens
    expected = transformers_losses(tmp_path, stream)

    found = score_tokens(load_model(A3, tmp_path / "model.safetensors"), stream, SEQUENCE_LENGTH)

    assert len(found) == len(stream) - 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert abs(found.mean(dtype=np.float64) - expected.mean()) < 1e-6


def test_batches_do_not_change_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    model = build_model(
        NetworkShape(
            hidden_size=16,
            num_layers=1,
            num_heads=2,
            rotary_width=2,
            vocabulary=128,
            sequence_length=8,
            n_nonembedding=3312,
            n_total=7408,
        )
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    stream = np.random.default_rng(1).integers(0, 128, 101).astype(np.uint16)
    together = score_tokens(model, stream, 8)
    monkeypatch.setattr("tenbin.evaluation.scoring.TOKENS_PER_BATCH", 8)
    np.testing.assert_allclose(score_tokens(model, stream, 8), together, rtol=0, atol=2e-6)


def test_weights_of_another_shape_are_refused(finished_run: "FinishedRun") -> None:
    with pytest.raises(UserError, match="does not fit the architecture"):
        load_model(A3, finished_run.run.model / "model.safetensors")


def test_cut_weights_are_refused(tmp_path: Path) -> None:
    write_bytes(tmp_path / "model.safetensors", b"\0" * 20)
    with pytest.raises(UserError, match=r"model\.safetensors does not fit"):
        load_model(A3, tmp_path / "model.safetensors")
