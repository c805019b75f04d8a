"""Linear layers held against float64, and who computes them."""

import platform

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from tenbin.kernels import linear
from tenbin.kernels.linear import NARROWEST, Linear
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH

WIDTHS = st.integers(NARROWEST, 2 * NARROWEST + 3)
needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere torch chooses")


def forward_and_gradients(function, rows, weight, bias, upstream):
    leaves = [value.clone().requires_grad_() for value in (rows, weight, bias)]
    output = function(*leaves)
    return output.detach(), *torch.autograd.grad(output, leaves, upstream)


def ours(rows, weight, bias):
    layer = Linear(*weight.t().shape)
    return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (rows,))


def errors(function, example):
    """Of the output and the three gradients, relative to the largest value of each."""
    exact = forward_and_gradients(functional.linear, *(value.double() for value in example))
    found = forward_and_gradients(function, *example)
    return [float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, exact, strict=True)]


def draw(shape, width_in, width_out):
    torch.manual_seed(width_in)
    weight, bias = torch.randn(width_out, width_in), torch.randn(width_out)
    return torch.randn(*shape, width_in), weight, bias, torch.randn(*shape, width_out)


@settings(deadline=None)
@given(shape=st.lists(st.integers(1, 20), min_size=1, max_size=3), width_in=WIDTHS, width_out=WIDTHS)
def test_output_and_gradients_are_those_of_float64(shape, width_in, width_out):
    assert max(errors(ours, draw(shape, width_in, width_out))) < 1e-5


@pytest.mark.parametrize(("width_in", "width_out"), [(192, 576), (192, 192), (192, 768), (768, 192)])
def test_layers_of_the_study_are_nearly_as_accurate_as_torchs(width_in, width_out):
    example = draw((4, 256), width_in, width_out)

    for error, torchs in zip(errors(ours, example), errors(functional.linear, example), strict=True):
        assert error < 4 * torchs


@needs_x86
def test_wide_layers_are_onednns(monkeypatch):
    calls = []
    monkeypatch.setattr(linear, "_multiply", lambda *operands: calls.append(operands) or operands[0] @ operands[1])
    Linear(NARROWEST, NARROWEST)(torch.ones(2, NARROWEST))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["narrow", "float64", "autocast", "forced"])
def test_all_others_are_torchs(kind, monkeypatch):
    monkeypatch.setattr(linear, "_multiply", None)
    monkeypatch.setenv(FORCED, TORCH if kind == "forced" else "")
    width = NARROWEST - 1 if kind == "narrow" else NARROWEST
    layer, rows = Linear(width, 64), torch.randn(3, width)
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "autocast"):
        output = layer.double()(rows.double()) if kind == "float64" else layer(rows)
    assert output.dtype == {"float64": torch.float64, "autocast": torch.bfloat16}.get(kind, torch.float32)


def test_gradients_lie_in_memory_like_their_parameters():
    """As the fused optimiser wants them."""
    layer = Linear(64, 256)
    layer(torch.randn(5, 64)).sum().backward()
    assert layer.weight.grad.is_contiguous()
    assert layer.bias.grad.shape == (256,)
