"""Attention against float64, on every path that this processor has."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.kernels import attention
from tenbin.kernels.attention import attention_path, causal_attention
from tenbin.kernels.compiled import ATTENTION, supported_paths
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH
from tenbin.model import rotary_table

PATHS = [*supported_paths(ATTENTION), TORCH]
TOLERANCE = 2e-6
"""Relative, in norm: some ulps of float32, since sums run over hundreds of positions."""


@pytest.fixture(params=PATHS)
def path(request, monkeypatch):
    monkeypatch.setenv(FORCED, request.param if request.param == TORCH else f"{request.param}-fp32")
    assert (attention_path() or TORCH) == request.param
    return request.param


def example(batch, positions, heads, head_size, scale=1.0):
    torch.manual_seed(positions * 1000 + head_size)
    fused = scale * torch.randn(batch, positions, heads, 3, head_size)
    return fused, torch.randn(batch, positions, heads * head_size)


def reference(fused, rotation):
    """The textbook formula in float64."""
    cosine, sine = rotation.double()[:, :, None, None]
    pairs = cosine.shape[-1]
    head = fused[..., :2, :]
    first, second, rest = head[..., :pairs], head[..., pairs : 2 * pairs], head[..., 2 * pairs :]
    turned = torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], dim=-1)
    query, key, value = torch.cat([turned, fused[..., 2:, :]], dim=-2).permute(3, 0, 2, 1, 4)
    scores = query @ key.transpose(2, 3) / math.sqrt(fused.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    mixed = scores.masked_fill(later, -math.inf).softmax(-1) @ value
    return mixed.transpose(1, 2).flatten(2)


def value_and_gradient(function, fused, rotation, upstream):
    leaf = fused.clone().requires_grad_()
    # torch's own path turns its input in place, which a leaf does not allow.
    output = function(leaf * 1.0, rotation)
    output.backward(upstream)
    return output.detach(), leaf.grad


def error(found, expected):
    return float((found.double() - expected).norm() / expected.norm())


def check(fused, upstream, rotary_width, tolerance=TOLERANCE):
    rotation = rotary_table(fused.shape[1], rotary_width)
    found = value_and_gradient(causal_attention, fused, rotation, upstream)
    expected = value_and_gradient(reference, fused.double(), rotation, upstream.double())
    assert error(found[0], expected[0]) <= tolerance
    assert error(found[1], expected[1]) <= tolerance


@pytest.mark.parametrize(
    ("shape", "rotary_width"),
    [
        ((1, 1, 1, 8), 2),
        ((2, 5, 3, 8), 2),
        ((2, 47, 1, 8), 8),
        ((1, 48, 2, 8), 2),
        ((1, 49, 2, 17), 4),
        ((1, 64, 2, 1), 0),
        ((2, 257, 6, 32), 8),
        ((1, 600, 1, 64), 16),
    ],
)
def test_values_and_gradients_are_those_of_float64(path, shape, rotary_width):
    """Shapes are batch, positions, heads, head size."""
    check(*example(*shape), rotary_width)


@settings(deadline=None, max_examples=60)
@given(
    positions=st.integers(1, 200),
    heads=st.integers(1, 3),
    head_size=st.integers(1, 40),
    pairs=st.integers(0, 20),
    scale=st.sampled_from([1e-3, 1.0, 3.0]),
    name=st.sampled_from(PATHS),
)
def test_any_shape_and_scale(*, positions, heads, head_size, pairs, scale, name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FORCED, name if name == TORCH else f"{name}-fp32")
        # Rounding of a score of size s moves its exponential by s ulps.
        tolerance = TOLERANCE * max(1.0, scale**2)
        check(*example(1, positions, heads, head_size, scale), 2 * min(pairs, head_size // 2), tolerance)


def test_large_scores_neither_overflow_nor_vanish(path):
    fused, upstream = example(1, 130, 1, 8, scale=1.0)
    fused[..., :2, :] *= 100
    rotation = rotary_table(130, 2)
    output, gradient = value_and_gradient(causal_attention, fused, rotation, upstream)
    expected, _ = value_and_gradient(reference, fused.double(), rotation, upstream.double())
    assert error(output, expected) <= 1e-2
    assert gradient.isfinite().all()


def test_no_position_sees_a_later_one(path):
    fused, _ = example(1, 100, 2, 8)
    changed = fused.clone()
    changed[:, 60:] = 7.0
    rotation = rotary_table(100, 2)
    kept = [causal_attention(tensor.clone(), rotation)[:, :60] for tensor in (fused, changed)]
    assert torch.equal(*kept)


def test_a_nan_is_passed_on(path):
    fused, upstream = example(1, 70, 1, 8)
    fused[0, 30, 0, 1, 2] = math.nan
    output, gradient = value_and_gradient(causal_attention, fused, rotary_table(70, 2), upstream)
    assert output[:, :30].isfinite().all()
    assert output[:, 30:].isnan().all()
    assert gradient.isnan().any()


def test_threads_change_no_bit():
    fused, upstream = example(3, 130, 2, 8)
    rotation = rotary_table(130, 2)
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 3, 16):
        torch.set_num_threads(threads)
        found.append(value_and_gradient(causal_attention, fused, rotation, upstream))
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_half_precision_keeps_its_type(path):
    fused, _ = example(1, 70, 2, 16)
    rounded = causal_attention(fused.bfloat16(), rotary_table(70, 4))
    assert rounded.dtype == torch.bfloat16
    assert error(rounded, reference(fused.bfloat16().double(), rotary_table(70, 4))) <= 1e-2


def test_without_the_library_torch_computes(monkeypatch):
    monkeypatch.setattr(attention, "supported_paths", lambda _kernel: {})
    assert attention_path() is None
