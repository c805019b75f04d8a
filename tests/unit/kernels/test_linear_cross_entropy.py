"""The chunked loss against torch's own cross-entropy in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.kernels import linear_cross_entropy as kernel
from tenbin.kernels.linear_cross_entropy import linear_cross_entropy, token_losses


def reference(hidden, weight, targets):
    hidden, weight = hidden.double().requires_grad_(), weight.double().requires_grad_()
    losses = torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="none")
    losses.mean().backward()
    return losses.detach(), hidden.grad, weight.grad


def example(rows, width, vocabulary, spread, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(rows, width, generator=generator)
    weight = torch.randn(vocabulary, width, generator=generator) * spread
    return hidden, weight, torch.randint(0, vocabulary, (rows,), generator=generator)


def assert_close(found, expected, logits, magnitude=1.0):
    """Allow a few float32 roundings of a logit or of the result, times what the softmax multiplies them by."""
    rounding = 2**-23 * max(1.0, float(logits.abs().max()), float(expected.abs().max()))
    assert (found - expected).abs().max() <= 4 * rounding * max(1.0, magnitude)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.integers(1, 150),
    width=st.integers(1, 24),
    vocabulary=st.integers(2, 300),
    spread=st.sampled_from([0.0, 0.1, 1.0, 30.0]),
    seed=st.integers(0, 99),
)
def test_loss_and_gradients_are_those_of_torch_in_float64(rows, width, vocabulary, spread, seed):
    hidden, weight, targets = example(rows, width, vocabulary, spread, seed)
    expected, hidden_gradient, weight_gradient = reference(hidden, weight, targets)
    hidden.requires_grad_()
    weight.requires_grad_()
    logits = (hidden @ weight.T).detach()
    loss = linear_cross_entropy(hidden, weight, targets)
    loss.backward()
    assert_close(loss.detach(), expected.mean(), logits)
    assert_close(hidden.grad, hidden_gradient, logits, float(weight.detach().abs().max()))
    assert_close(weight.grad, weight_gradient, logits, float(hidden.detach().abs().max()))
    assert_close(token_losses(hidden, weight, targets), expected, logits)


def test_logits_far_apart_neither_overflow_nor_vanish():
    hidden, weight = torch.tensor([[1.0], [1.0], [-1.0]]), torch.tensor([[900.0], [-900.0], [899.0]])
    targets = torch.tensor([0, 1, 1])
    expected, *_ = reference(hidden, weight, targets)
    assert_close(token_losses(hidden, weight, targets), expected, hidden @ weight.T)
    loss = linear_cross_entropy(hidden.requires_grad_(), weight, targets)
    loss.backward()
    assert hidden.grad.isfinite().all()


def test_the_gradient_scales_with_what_comes_from_above():
    hidden, weight, targets = example(10, 4, 20, 1.0)
    _, expected, _ = reference(hidden, weight, targets)
    hidden.requires_grad_()
    (linear_cross_entropy(hidden, weight, targets) * 0.25).backward()
    assert_close(hidden.grad, expected / 4, hidden.detach() @ weight.T)


@pytest.mark.parametrize("spread", [0.1, 30.0])
def test_chunks_change_no_more_than_rounding(monkeypatch, spread):
    hidden, weight, targets = example(1000, 8, 50, spread)
    whole = linear_cross_entropy(hidden, weight, targets)
    monkeypatch.setattr(kernel, "CHUNK_BYTES", 1)
    assert abs(linear_cross_entropy(hidden, weight, targets) - whole) < 1e-6 * max(1.0, whole)


def test_a_nan_is_not_hidden():
    hidden, weight, targets = example(5, 4, 9, 1.0)
    hidden[2, 1] = float("nan")
    assert linear_cross_entropy(hidden, weight, targets).isnan()
