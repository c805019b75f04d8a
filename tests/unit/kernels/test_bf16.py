"""The loss of every bf16 path against torch's own cross-entropy, in float64, of the rounded inputs.

AMX is emulated where this processor has none, and also where it has: the emulator checks rules that processors don't.
"""

import math
import platform
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_builds import COMPILER, EMULATE_AMX, build_library, use_library
from losses import example, gradients, reference

from tenbin.kernels import compiled
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH, kernel_path, linear_cross_entropy, token_losses

EMULATED = "amx-bf16, emulated"
PATHS = [*(name for name in compiled.supported_paths() if name.endswith("-bf16")), TORCH]
bf16 = SimpleNamespace(linear_cross_entropy=partial(linear_cross_entropy, numerics="bf16"))
losses_of = partial(token_losses, numerics="bf16")
every_path = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])

POWER_ERROR = 2**-8
"""Relative, at most: probabilities are rounded to 8 bits before they are multiplied."""
GRADIENT_ERROR = 3e-3
"""Relative, of the norm, over vocabularies of some hundred words: roundings go either way."""

SHAPES = [
    (65, 1, 7),
    (40, 8, 1),
    (49, 15, 7),
    (50, 16, 4096),
    (200, 17, 512),
    (31, 32, 700),
    (260, 48, 300),
    (97, 64, 2048),
    (33, 192, 513),
    (60, 256, 512),
    (20, 512, 300),
    (40, 1024, 100),
    (33, 16, 50304),
    # Rows enough for several chunks whose powers are kept; with a gradient of weight that stays in cache, and one that
    # does not.
    (1100, 16, 4099),
    (330, 128, 20000),
]


@pytest.fixture(scope="session")
def emulating_library(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C compiler: the AMX path was not checked")
    return build_library(tmp_path_factory.mktemp("kernel") / "emulating_amx.so", *EMULATE_AMX)


@pytest.fixture(params=[*PATHS, *([EMULATED] if platform.machine() == "x86_64" else [])])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = request.param.removesuffix(", emulated")
    monkeypatch.setenv(FORCED, name)
    if request.param == EMULATED:
        use_library(request.getfixturevalue("emulating_library"), monkeypatch)
    assert kernel_path("bf16") == ("torch-chunked-bf16" if name == TORCH else name)
    return name


def rounded(*tensors):
    return tuple(tensor.bfloat16().float() for tensor in tensors)


def rounding_of(logits):
    """Return the error of a float32 sum as large as the largest logit, which is also its power's relative error."""
    return 2**-20 * max(1.0, float(logits[logits.isfinite()].abs().max()))


def assert_losses_close(found, expected, logits):
    """Allow the polynomial's error, and that of sums in float32."""
    assert (found - expected).abs().max() <= 6e-6 + rounding_of(logits)


def assert_gradient_close(found, expected, logits, terms):
    """Allow the error of probabilities, of the norm of the sum of the products' magnitudes."""
    assert (found - expected).norm() <= (POWER_ERROR + rounding_of(logits)) * terms.norm()


def assert_agrees(hidden, weight, targets):
    """Hold losses, mean and gradients against those of the rounded inputs in float64; return the gradients' errors."""
    losses, *expected = reference(*rounded(hidden, weight), targets)
    logits, counted = hidden @ weight.T, targets >= 0
    assert_losses_close(losses_of(hidden, weight, targets), losses, logits)
    loss, *found = gradients(bf16, hidden, weight, targets)
    assert_losses_close(loss, losses.sum() / counted.sum(), logits)
    shares = logits.softmax(dim=1) * (counted / counted.sum())[:, None]
    assert_gradient_close(found[0], expected[0], logits, shares @ weight.abs())
    assert_gradient_close(found[1], expected[1], logits, shares.T @ hidden.abs())
    return [float((ours - theirs).norm() / theirs.norm()) for ours, theirs in zip(found, expected, strict=True)]


@pytest.mark.usefixtures("path")
class TestAgreement:
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_shapes_of_studies_agree_with_float64(self, shape):
        errors = assert_agrees(*example(*shape, spread=0.3))
        if shape[2] > 100:
            assert max(errors) < GRADIENT_ERROR

    @every_path
    @given(
        shape=st.tuples(st.integers(1, 150), st.integers(1, 70), st.integers(1, 600)),
        spread=st.sampled_from([0.0, 0.1, 1.0, 30.0]),
        ignored=st.sampled_from([0.0, 0.5]),
        seed=st.integers(0, 99),
    )
    def test_any_shape_and_scale_agrees_with_float64(self, shape, spread, ignored, seed):
        hidden, weight, targets = example(*shape, spread, seed)
        targets[1:][torch.rand(len(targets) - 1) < ignored] = -100
        assert_agrees(hidden, weight, targets)

    @pytest.mark.parametrize("width", [1, 16, 64])
    def test_logits_of_ten_thousand_agree_with_float64(self, width):
        hidden, weight, targets = example(70, width, 300, 1.0)
        weight *= 1e4 / float((hidden @ weight.T).abs().max())
        assert_agrees(hidden, weight, targets)

    @pytest.mark.parametrize("order", ["rising", "falling"])
    @pytest.mark.parametrize("width", [16, 32])
    def test_a_maximum_that_moves_all_the_time_is_followed(self, order, width):
        """Logits of -3000 to 3000 in order: each tile's are far from the next one's."""
        hidden, weight = torch.full((40, width), 1 / width), torch.linspace(-3000, 3000, 700)[:, None].repeat(1, width)
        if order == "falling":
            weight = weight.flip(0)
        hidden[1::2] /= 64
        assert_agrees(hidden, weight, torch.arange(40) * 17)

    @pytest.mark.parametrize("far", [-600.0, 600.0])
    def test_logits_that_are_all_far_from_zero_neither_vanish_nor_overflow(self, far):
        hidden, weight, targets = example(40, 16, 300, 0.1)
        hidden[:, 0], weight[:, 0] = 1.0, far
        assert_agrees(hidden, weight, targets)

    def test_one_huge_row_leaves_the_others_alone(self):
        hidden, weight, targets = example(70, 16, 500, 0.3)
        alone = losses_of(hidden, weight, targets)
        hidden[33] *= 1e5
        others = torch.arange(70) != 33
        with_it = losses_of(hidden, weight, targets)
        assert_losses_close(with_it[others], alone[others], hidden[others] @ weight.T)
        assert_agrees(hidden, weight, targets)

    def test_a_word_beyond_all_doubt_takes_all(self):
        hidden, weight = torch.eye(16).repeat(4, 1), torch.eye(16) * 5000.0
        assert_agrees(hidden, weight, torch.arange(16).repeat(4).roll(1))

    def test_ignored_rows_are_as_if_they_were_not_there(self):
        hidden, weight, targets = example(200, 16, 500, 0.3)
        kept = torch.arange(200) % 3 > 0
        some = targets.where(kept, -100)
        loss, hidden_gradient, weight_gradient = gradients(bf16, hidden, weight, some)
        expected = gradients(bf16, hidden[kept], weight, targets[kept])
        assert_losses_close(loss, expected[0], hidden)
        assert_gradient_close(hidden_gradient[kept], expected[1], hidden, expected[1])
        assert_gradient_close(weight_gradient, expected[2], hidden, expected[2])
        assert not hidden_gradient[~kept].any()
        assert not losses_of(hidden, weight, some)[~kept].any()

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_a_bad_row_of_hidden_spoils_only_its_own_loss(self, bad):
        hidden, weight, targets = example(100, 16, 500, 0.3)
        good = losses_of(hidden, weight, targets)
        hidden[40, 3] = bad
        losses = losses_of(hidden, weight, targets)
        assert losses.isnan().nonzero().flatten().tolist() == [40]
        others = torch.arange(100) != 40
        assert_losses_close(losses[others], good[others], hidden[others])
        assert gradients(bf16, hidden, weight, targets)[0].isnan()

    def test_a_bad_row_of_weight_spoils_all(self):
        hidden, weight, targets = example(100, 16, 500, 0.3)
        weight[499, 15] = math.nan
        assert losses_of(hidden, weight, targets).isnan().all()

    @pytest.mark.parametrize("spread", [0.1, 1.0])
    def test_it_is_nearer_to_fp32_than_autocast(self, spread):
        inputs = example(150, 64, 600, spread)
        exact = reference(*inputs)
        found = losses_of(*inputs), *gradients(bf16, *inputs)[1:]
        for ours, theirs, expected in zip(found, autocast(*inputs), exact, strict=True):
            assert (ours - expected).norm() < (theirs - expected).norm()


def autocast(hidden, weight, targets):
    """Return losses and gradients as torch makes them in bf16."""
    hidden, weight = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        losses = torch.nn.functional.cross_entropy(
            torch.nn.functional.linear(hidden, weight), targets, reduction="none"
        )
    losses.mean().backward()
    return losses.detach(), hidden.grad, weight.grad


@pytest.mark.parametrize("shape", [(700, 24, 900), (1100, 16, 4099), (170, 128, 16_500)], ids=str)
@pytest.mark.parametrize("spread", [0.1, 3.0])
def test_threads_change_no_bit(set_threads, path, spread, shape):
    if path == TORCH:
        pytest.skip("torch's own products depend on the number of threads")
    hidden, weight, targets = example(*shape, spread)
    targets[::5] = -1
    results = []
    for count in (1, 2, 3):
        set_threads(count)
        results.append([losses_of(hidden, weight, targets), *gradients(bf16, hidden, weight, targets)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_values_are_rounded_to_the_nearest_and_ties_to_even(path):
    """With one of two logits 0, the loss tells the other: products of rounded values are exact."""
    values = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -1 - 2**-8])
    hidden, weight = values[:, None], torch.tensor([[1.0], [0.0]])
    found = losses_of(hidden, weight, torch.zeros(4, dtype=torch.int64))
    logits = torch.tensor([1.0, 1 + 2**-6, 1 + 2**-7, -1.0], dtype=torch.float64)
    assert (found - torch.log1p((-logits).exp())).abs().max() < 6e-6
