"""Intervals and tests of gamma hold what they promise, by simulation."""

import numpy as np

from tenbin.scaling.ratios.gamma import compare_gammas
from tenbin.scaling.ratios.sweep import SizeLosses

P = np.linspace(0, 1, 9)
SIMULATIONS = 400
NOISE = 0.004


def simulate(gammas: tuple[float, ...], generator: np.random.Generator) -> list[SizeLosses]:
    sizes = []
    for i, gamma in enumerate(gammas):
        log_loss = 1.5 - 0.1 * i - gamma * np.log(np.maximum(P, 0.02)) + NOISE * generator.standard_normal(9)
        losses = tuple((float(np.exp(y)),) for y in log_loss)
        mixes = tuple(map(str, P))
        sizes.append(SizeLosses(f"s{i}", 3312.0 * 8**i, mixes, P, P, losses, log_loss, log_loss[None], 0.5))
    return sizes


def test_the_interval_of_gamma_covers_and_the_test_of_one_has_its_size() -> None:
    generator = np.random.default_rng(0)
    found = [compare_gammas(simulate((0.07, 0.07, 0.07), generator)) for _ in range(SIMULATIONS)]
    for key, truth in (("one_for_all", 0.07), ("slope_per_ln_n", 0.0)):
        covered = np.mean([low <= truth <= high for low, high in (f[key]["interval"] for f in found)])
        assert 0.92 <= covered <= 0.98
    assert 0.02 <= np.mean([f["test_of_one"]["p"] < 0.05 for f in found]) <= 0.08


def test_a_gamma_that_moves_is_seen() -> None:
    found = compare_gammas(simulate((0.05, 0.07, 0.09), np.random.default_rng(0)))
    assert found["test_of_one"]["p"] < 1e-3
    assert found["slope_per_ln_n"]["interval"][0] > 0


def test_one_size_has_no_test() -> None:
    found = compare_gammas(simulate((0.07,), np.random.default_rng(0)))
    assert found["test_of_one"] is None
    assert found["slope_per_ln_n"] is None
