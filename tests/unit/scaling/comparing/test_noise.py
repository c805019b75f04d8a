"""Noise of seeds and documents: one t distribution, variances shared where nothing speaks against it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tenbin.scaling.comparing.noise import Estimate, estimate, pool

NO_DOCUMENTS = np.zeros((1, 4))
RAGGED = st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=8).filter(lambda values: np.ptp(values) > 1e-6)


def of_seeds(values: np.ndarray) -> Estimate:  # type: ignore[type-arg]
    return estimate(values, np.zeros((len(values), 4)), None)


@settings(deadline=None)
@given(RAGGED)
def test_without_documents_it_is_students_t(values: list[float]) -> None:
    found, theirs = of_seeds(np.array(values)), ttest_1samp(values, 0.01)
    assert found.interval(0.9) == pytest.approx(theirs.confidence_interval(0.9))
    assert found.freedom == pytest.approx(len(values) - 1)
    assert 2 * min(found.p_below(0.01), 1 - found.p_below(0.01)) == pytest.approx(theirs.pvalue)


def test_documents_and_seeds_add_up() -> None:
    drawn = np.random.default_rng(0).normal(0, 0.003, (1, 200_000)).repeat(4, axis=0)
    values = np.array([0.01, 0.012, 0.008, 0.014])
    found = estimate(values, drawn, 100)
    assert found.standard_error**2 == pytest.approx(values.var(ddof=1) / 4 + 0.003**2 * 100 / 99, rel=0.01)
    assert found.holds == "seeds and documents"
    assert 3 < found.freedom < 3 + 99


def test_one_seed_holds_documents_alone() -> None:
    found = estimate(np.array([0.01]), np.array([[0.0, 0.01, 0.02]]), 50)
    assert found.holds == "documents"
    assert found.freedom == pytest.approx(49)


def test_nothing_repeated_has_no_interval() -> None:
    found = estimate(np.array([0.01]), NO_DOCUMENTS, None)
    assert found.interval(0.95) is None
    assert found.holds == "none"


def test_equal_values_have_no_noise_of_rounding() -> None:
    found = estimate(np.full(3, 0.1), np.full((3, 1000), np.log(1.01)), None)
    assert found.standard_error == 0
    assert found.interval(0.9) is None


def test_draws_have_the_distribution_of_the_interval() -> None:
    found = of_seeds(np.array([0.01, 0.013, 0.009]))
    drawn = found.draw(4000, np.random.default_rng(0))
    assert list(np.quantile(drawn, [0.025, 0.975])) == pytest.approx(found.interval(0.95), rel=0.02)


def test_sizes_of_like_noise_share_it_and_a_larger_one_stays() -> None:
    values = [np.array([0.0, 0.002]), np.array([0.0, 0.003]), np.array([0.0, 0.004])]
    alone = [of_seeds(one) for one in values]
    pooled = pool(alone, values)
    mean = float(np.mean([one.seed_variance for one in alone]))
    assert [one.seed_variance for one in pooled] == pytest.approx([mean, mean, alone[2].seed_variance])
    assert [one.freedom for one in pooled] == pytest.approx([3, 3, 3])


def test_sizes_of_unlike_noise_do_not_share() -> None:
    values = [np.array([0.0, 0.0001, 0.0002]), np.array([0.0, 0.01, 0.02])]
    alone = [of_seeds(one) for one in values]
    assert pool(alone, values) == alone


def test_one_seed_borrows_no_noise() -> None:
    values = [np.array([0.0, 0.002]), np.array([0.0, 0.003]), np.array([0.001])]
    assert pool([of_seeds(one) for one in values], values)[2].seed_variance == 0


@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize("documents_sd", [0.0003, 0.003])
def test_intervals_cover_at_six_sizes(seeds: int, documents_sd: float) -> None:
    rng, covered = np.random.default_rng(4), []
    for _ in range(250):
        values = list(0.003 * rng.standard_normal((6, seeds)) + documents_sd * rng.standard_normal((6, 1)))
        single = [Estimate(one.mean(), seeds, one.var(ddof=1), documents_sd**2, 200) for one in values]
        ends = [one.interval(0.95) or [0, 0] for one in pool(single, values)]
        covered += [low < 0 < high for low, high in ends]
    assert 0.9 < np.mean(covered) < 0.98
