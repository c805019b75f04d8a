"""The loss of every fp32 path against torch's own cross-entropy in float64."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from losses import assert_agrees, assert_close, example, gradients, reference

from tenbin.errors import UserError
from tenbin.kernels import compiled
from tenbin.kernels import linear_cross_entropy as kernel
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH, kernel_path, linear_cross_entropy, token_losses

pytestmark = pytest.mark.usefixtures("fp32_path")
every_path = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Rows, width, vocabulary: widths below, at and beside whole registers; vocabularies of one word, of less than a block,
# of the studies.
SHAPES = [
    (65, 1, 7),
    (40, 8, 1),
    (49, 8, 7),
    (50, 16, 4096),
    (200, 17, 512),
    (97, 64, 4096),
    (130, 192, 512),
    (60, 256, 4096),
    (50, 1024, 512),
    (33, 16, 50304),
]
# Rows enough for several chunks whose powers are kept; with a gradient of weight that stays in cache, and one that does
# not.
LONG_SHAPES = [(600, 16, 4099), (330, 128, 20000)]


@pytest.mark.parametrize("shape", [*SHAPES, *LONG_SHAPES], ids=str)
def test_shapes_of_studies_agree_with_float64(shape):
    assert_agrees(kernel, *example(*shape, spread=0.3))


@every_path
@given(
    rows=st.integers(1, 150),
    width=st.integers(1, 40),
    vocabulary=st.integers(1, 300),
    spread=st.sampled_from([0.0, 0.1, 1.0, 30.0]),
    ignored=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 99),
)
def test_any_shape_and_scale_agrees_with_float64(*, rows, width, vocabulary, spread, ignored, seed):
    hidden, weight, targets = example(rows, width, vocabulary, spread, seed)
    targets[1:][torch.rand(rows - 1) < ignored] = -100
    assert_agrees(kernel, hidden, weight, targets)


def test_logits_far_apart_neither_overflow_nor_vanish():
    hidden, weight = torch.tensor([[1.0], [1.0], [-1.0]]), torch.tensor([[900.0], [-900.0], [899.0]])
    assert_agrees(kernel, hidden, weight, torch.tensor([0, 1, 1]))


@pytest.mark.parametrize("width", [1, 16, 64])
def test_logits_of_ten_thousand_agree_with_float64(width):
    hidden, weight, targets = example(70, width, 300, 1.0)
    weight *= 1e4 / float((hidden @ weight.T).abs().max())
    assert_agrees(kernel, hidden, weight, targets)


@pytest.mark.parametrize("order", ["rising", "falling"])
def test_a_maximum_that_moves_all_the_time_is_followed(order):
    """Logits of -3000 to 3000 in order: each block's are far from the next one's."""
    hidden, weight = torch.full((400, 16), 1 / 16), torch.linspace(-3000, 3000, 4100)[:, None].repeat(1, 16)
    hidden[1::2] /= 64
    assert_agrees(kernel, hidden, weight if order == "rising" else weight.flip(0), torch.arange(400) * 10)


def test_one_huge_row_leaves_the_others_alone():
    hidden, weight, targets = example(70, 16, 500, 0.3)
    alone = token_losses(hidden, weight, targets)
    hidden[33] *= 1e5
    with_it = token_losses(hidden, weight, targets)
    others = torch.arange(70) != 33
    assert_close(with_it[others], alone[others], hidden[others] @ weight.T)
    assert_agrees(kernel, hidden, weight, targets)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e4])
def test_equal_words_are_equally_likely(size):
    hidden, weight = torch.full((50, 16), size), torch.ones(4096, 16)
    targets = torch.arange(50)
    assert_close(token_losses(hidden, weight, targets), torch.full((50,), math.log(4096)), hidden @ weight.T)


def test_a_word_beyond_all_doubt_takes_all_and_the_rest_gets_nothing():
    hidden, weight = torch.eye(16).repeat(4, 1), torch.eye(16) * 5000.0
    targets = torch.arange(16).repeat(4)
    assert_agrees(kernel, hidden, weight, targets)
    assert_agrees(kernel, hidden, weight, targets.roll(1))


@pytest.mark.parametrize("size", [1e-20, 1e12])
def test_the_scale_of_either_input_alone_does_not_matter(size):
    hidden, weight, targets = example(70, 16, 500, 0.3)
    _, hidden_gradient, weight_gradient = gradients(kernel, hidden, weight, targets)
    _, scaled_hidden, scaled_weight = gradients(kernel, hidden * size, weight / size, targets)
    assert_close(scaled_hidden * size, hidden_gradient, hidden)
    assert_close(scaled_weight / size, weight_gradient, hidden)


@pytest.mark.parametrize("of", ["hidden", "weight"])
def test_a_small_step_changes_the_loss_as_its_gradient_says(of):
    hidden, weight, targets = example(200, 16, 300, 0.3)
    _, *found = gradients(kernel, hidden, weight, targets)
    direction = torch.randn_like(hidden if of == "hidden" else weight)

    def loss_after(step):
        moved = (hidden + step * direction, weight) if of == "hidden" else (hidden, weight + step * direction)
        return float(linear_cross_entropy(*moved, targets))

    slope = float((found[0 if of == "hidden" else 1].double() * direction).sum())
    # Of a central difference over 1e-2: 1e-4 of third derivatives, and the loss's rounding of 1e-6 over that step.
    assert abs((loss_after(1e-2) - loss_after(-1e-2)) / 2e-2 - slope) < 1e-3 * max(abs(slope), 0.1)


def test_ignored_rows_are_as_if_they_were_not_there():
    hidden, weight, targets = example(200, 16, 500, 0.3)
    kept = torch.arange(200) % 3 > 0
    some = targets.where(kept, -100)
    loss, hidden_gradient, weight_gradient = gradients(kernel, hidden, weight, some)
    expected = gradients(kernel, hidden[kept], weight, targets[kept])
    assert_close(loss, expected[0], hidden)
    assert_close(hidden_gradient[kept], expected[1], hidden)
    assert_close(weight_gradient, expected[2], hidden)
    assert not hidden_gradient[~kept].any()
    assert not token_losses(hidden, weight, some)[~kept].any()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bad_row_of_hidden_is_reported_and_spoils_only_its_own_loss(bad):
    hidden, weight, targets = example(100, 16, 500, 0.3)
    good = token_losses(hidden, weight, targets)
    hidden[40, 3] = bad
    losses = token_losses(hidden, weight, targets)
    assert losses.isnan().nonzero().flatten().tolist() == [40]
    others = torch.arange(100) != 40
    assert_close(losses[others], good[others], hidden[others])
    loss, *found = gradients(kernel, hidden, weight, targets)
    assert loss.isnan()
    assert not any(math.isfinite(gradient.norm()) for gradient in found)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bad_row_of_weight_spoils_all(bad):
    hidden, weight, targets = example(100, 16, 500, 0.3)
    weight[499, 15] = bad
    assert token_losses(hidden, weight, targets).isnan().all()
    loss, hidden_gradient, _ = gradients(kernel, hidden, weight, targets)
    assert loss.isnan()
    assert not math.isfinite(hidden_gradient.norm())


@pytest.mark.parametrize("shape", [(700, 24, 900), (1100, 16, 4099), (330, 128, 20_000)], ids=str)
def test_threads_change_no_bit(set_threads, fp32_path, shape):
    """Of the two sweeps, and of powers that are kept for many short chunks and for few of a large vocabulary."""
    if fp32_path == TORCH:
        pytest.skip("torch's own products depend on the number of threads")
    hidden, weight, targets = example(*shape, 3.0)
    targets[::5] = -1
    results = []
    for count in (1, 2, 3):
        set_threads(count)
        results.append([token_losses(hidden, weight, targets), *gradients(kernel, hidden, weight, targets)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_the_gradient_scales_with_what_comes_from_above():
    hidden, weight, targets = example(10, 4, 20, 1.0)
    _, expected, _ = reference(hidden, weight, targets)
    hidden.requires_grad_()
    (linear_cross_entropy(hidden, weight, targets) * 0.25).backward()
    assert_close(hidden.grad, expected / 4, hidden.detach() @ weight.T)


def test_tensors_that_are_parts_of_others_are_read_right():
    hidden, weight, targets = example(40, 16, 100, 1.0)
    expected = token_losses(hidden, weight, targets)
    apart = token_losses(hidden.t().contiguous().t(), torch.cat([weight, weight], 1)[:, :16], targets.repeat(2)[:40])
    assert_close(apart, expected, hidden @ weight.T)


def test_the_forced_path_is_the_one_that_runs(fp32_path):
    assert kernel_path() == ("torch-chunked-fp32" if fp32_path == TORCH else fp32_path)


def test_bf16_rounds_inputs_on_the_torch_path_and_sums_in_fp32(monkeypatch):
    monkeypatch.setenv(FORCED, TORCH)
    hidden, weight, targets = example(60, 16, 300, 0.3)
    rounded = hidden.bfloat16().float(), weight.bfloat16().float()
    assert torch.equal(token_losses(hidden, weight, targets, "bf16"), token_losses(*rounded, targets))
    assert kernel_path("bf16") == "torch-chunked-bf16"


def test_without_a_wish_the_first_supported_path_runs(monkeypatch):
    monkeypatch.delenv(FORCED)
    first = next((path for path in compiled.supported_paths() if path.endswith("-fp32")), "torch-chunked-fp32")
    assert kernel_path() == first


@pytest.mark.parametrize("name", ["avx1024-fp32", "portable-bf16"])
def test_a_path_that_does_not_exist_or_computes_otherwise_is_refused(monkeypatch, name):
    monkeypatch.setenv(FORCED, name)
    with pytest.raises(UserError, match=f"{FORCED}={name}: no path of that name runs here with numerics fp32"):
        kernel_path("fp32")
