"""The best peer does the same work as we do: its network, given our weights, has our loss."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tenbin.model import Architecture, GPTNeoX

WIDTH, LAYERS, HEADS, VOCABULARY = 32, 2, 4, 97


@pytest.fixture
def nanogpt(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    before = set(sys.modules)
    module = import_module("peers.nanogpt")
    # Names as short as `settings` must not be left to other tests.
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"peers", "settings"}:
            monkeypatch.delitem(sys.modules, name)
    return module


def build(nanogpt: ModuleType, loss: str) -> tuple[GPTNeoX, Any]:
    ours = GPTNeoX(Architecture(WIDTH, LAYERS, HEADS, 2, VOCABULARY, 512))
    work = nanogpt.Work("train", "small", WIDTH, LAYERS, HEADS, VOCABULARY)
    theirs = nanogpt.Transformer(work, loss)
    theirs.load_state_dict(renamed(ours.state_dict()), strict=False)
    return ours, theirs


def renamed(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    names = {
        "gpt_neox.embed_in": "embedding",
        "gpt_neox.layers": "blocks",
        "gpt_neox.final_layer_norm": "norm",
        "embed_out": "head",
        "input_layernorm": "norm_1",
        "post_attention_layernorm": "norm_2",
        "attention.query_key_value": "qkv",
        "attention.dense": "projection",
        "mlp.dense_h_to_4h": "mlp.0",
        "mlp.dense_4h_to_h": "mlp.2",
    }
    return {rename(key, names): by_part(key, value) for key, value in weights.items()}


def rename(key: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        key = key.replace(old, new)
    return key


def by_part(key: str, value: torch.Tensor) -> torch.Tensor:
    """Group rows by query, key, value first, then by head, as the peer has them."""
    if "query_key_value" not in key:
        return value
    head = WIDTH // HEADS
    return value.view(HEADS, 3, head, -1).transpose(0, 1).reshape(value.shape)


@pytest.mark.parametrize("loss", ["", "chunked", "native"])
def test_its_loss_and_gradients_are_ours(nanogpt: ModuleType, loss: str) -> None:
    torch.manual_seed(0)
    ours, theirs = build(nanogpt, loss)
    batch = torch.randint(VOCABULARY, (3, 513))
    inputs, targets = batch[:, :-1].contiguous(), batch[:, 1:].contiguous()
    expected = torch.nn.functional.cross_entropy(ours(inputs).flatten(0, 1), targets.flatten())
    found = theirs(inputs, targets)
    expected.backward()
    found.backward()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.head.weight.grad, ours.embed_out.weight.grad, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(theirs.embedding.weight.grad, ours.gpt_neox.embed_in.weight.grad, atol=1e-6, rtol=1e-4)


def test_it_has_as_many_parameters(nanogpt: ModuleType) -> None:
    ours, theirs = build(nanogpt, "")
    assert sum(value.numel() for value in theirs.parameters()) == ours.num_parameters()[1]
