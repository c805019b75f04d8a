"""Two one-sided tests: size and power by simulation, and no verdict from what was not repeated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as t_distribution

from tenbin.scaling.comparing.equivalence import LEVEL, judge_all_sizes, judge_size, power, seeds_needed
from tenbin.scaling.comparing.noise import Estimate, estimate, pool

MARGIN = 0.005
LIMIT = np.log1p(MARGIN)
SIZES = 6
REPEATS = 300


def make(mean: float, sd: float, seeds: int = 3, pooled: float = 6) -> Estimate:
    return Estimate(mean, seeds, sd**2, 0.0, np.inf, pooled)


def simulate(true: float, sd: float, seeds: int) -> tuple[float, float, float]:
    """Return how often a size, all sizes, and no size by far are found equivalent, over studies of six sizes."""
    rng = np.random.default_rng(5)
    counts = np.zeros(3)
    for _ in range(REPEATS):
        values = list(true + sd * rng.standard_normal((SIZES, seeds)))
        single = [estimate(one, np.zeros((seeds, 2)), None) for one in values]
        rows = [{"size": "a"} | judge_size(one, MARGIN) for one in pool(single, values)]
        verdict = judge_all_sizes(rows, MARGIN)["verdict"]
        equivalent = np.mean([row["equivalence"] == "equivalent" for row in rows])
        counts += [equivalent, verdict == "equivalent", verdict == "beyond the margin"]
    one, every, beyond = counts / REPEATS
    return float(one), float(every), float(beyond)


@pytest.mark.parametrize("seeds", [2, 3])
def test_at_the_margin_it_is_shown_no_more_often_than_promised(seeds: int) -> None:
    one, every, beyond = simulate(LIMIT, 0.002, seeds)
    assert 0.03 < one < 0.08
    assert every < 0.01
    assert beyond < 0.11


def test_at_no_difference_it_is_shown_often() -> None:
    one, _, beyond = simulate(0.0, 0.0028, 3)
    assert one > 0.6
    assert beyond < 0.02


@pytest.mark.parametrize("true", [0.0, 0.002])
def test_power_is_that_of_the_test_with_shared_noise(true: float) -> None:
    rng, ratio = np.random.default_rng(1), make(true, 0.0028, 3, 6)
    means = rng.normal(true, 0.0028 / 3**0.5, 100_000)
    errors = ratio.standard_error * np.sqrt(rng.chisquare(12, 100_000) / 12)
    shown = np.abs(means) + t_distribution.ppf(0.95, 12) * errors < LIMIT
    assert power(ratio, MARGIN) == pytest.approx(shown.mean(), abs=0.03)


@pytest.mark.parametrize(
    ("seeds", "margin"), [(2, 0.0063), (3, 0.0049), (5, 0.0038)], ids=["two seeds", "three seeds", "five seeds"]
)
def test_margins_of_80_percent_power_are_the_known_ones(seeds: int, margin: float) -> None:
    """Runs whose loss varies by 0.2 % between seeds, so pairs by sqrt(2) times that, noise from twelve sizes."""
    assert power(make(0, 0.002 * 2**0.5, seeds, 12), margin) == pytest.approx(0.8, abs=0.03)


@settings(deadline=None)
@given(st.floats(-0.02, 0.02), st.floats(1e-4, 0.02), st.integers(2, 6))
def test_verdicts_are_where_the_90_percent_interval_lies(mean: float, sd: float, seeds: int) -> None:
    found = judge_size(make(mean, sd, seeds, 1), MARGIN)
    low, high = np.log(found["loss_ratio_low90"]), np.log(found["loss_ratio_high90"])
    assert (found["equivalence"] == "equivalent") == (low > -LIMIT and high < LIMIT)
    assert (found["equivalence"] == "beyond the margin") == (low > LIMIT or high < -LIMIT)
    assert (found["superiority"] == "shown") == (high < 0)
    assert (found["non_inferiority"] == "shown") == (high < LIMIT)
    assert np.log1p(found["least_margin"]) == pytest.approx(max(abs(low), abs(high)))


def test_just_above_the_least_margin_it_would_have_been_shown() -> None:
    ratio = make(0.003, 0.004)
    least = judge_size(ratio, MARGIN)["least_margin"]
    assert judge_size(ratio, least * 1.001)["equivalence"] == "equivalent"
    assert judge_size(ratio, least * 0.999)["equivalence"] == "not shown"


def test_seeds_needed_are_the_fewest_with_power() -> None:
    ratio = make(0.001, 0.004)
    needed = seeds_needed(ratio, MARGIN)
    assert needed is not None
    assert power(ratio.with_seeds(needed), MARGIN) >= 0.8 > power(ratio.with_seeds(needed - 1), MARGIN)


def test_no_number_of_seeds_shows_what_is_not_so() -> None:
    assert seeds_needed(make(0.006, 0.001), MARGIN) is None
    noisy = Estimate(0.0, 3, 1e-6, 0.004**2, 50)
    assert seeds_needed(noisy, MARGIN) is None


def test_one_seed_tests_nothing_but_has_an_interval() -> None:
    found = judge_size(Estimate(0.0, 1, 0.0, 1e-8, 200), MARGIN)
    assert found["equivalence"] == found["superiority"] == found["non_inferiority"] == "untested"
    assert found["loss_ratio_low90"] < 1 < found["loss_ratio_high90"]
    assert found["equivalence_p"] is found["seeds_needed"] is None


def rows(*estimates: Estimate) -> list[dict[str, object]]:
    return [{"size": f"e{i}"} | judge_size(one, MARGIN) for i, one in enumerate(estimates)]


def test_all_sizes_must_pass() -> None:
    good, wide = make(0, 0.001), make(0, 0.02)
    assert judge_all_sizes(rows(good, good), MARGIN)["verdict"] == "equivalent"
    found = judge_all_sizes(rows(good, wide), MARGIN)
    assert found["verdict"] == "not shown"
    assert found["p"] > LEVEL
    assert found["equivalent_sizes"] == ["e0"]
    assert found["least_margin"] == rows(wide)[0]["least_margin"]


def test_one_untested_size_leaves_the_whole_untested() -> None:
    found = judge_all_sizes(rows(make(0, 0.001), Estimate(0.0, 1, 0.0, 1e-8, 200)), MARGIN)
    assert found["verdict"] == "untested"
    assert found["p"] is found["least_margin"] is None
    assert judge_all_sizes([], MARGIN)["verdict"] == "untested"


def test_one_chance_of_many_refutes_only_where_it_is_strong() -> None:
    barely, surely = make(0.0095, 0.002, 3, 1), make(0.02, 0.001)
    assert rows(barely)[0]["beyond_p"] < LEVEL < 6 * rows(barely)[0]["beyond_p"]
    assert judge_all_sizes(rows(barely, *[make(0, 0.001)] * 5), MARGIN)["verdict"] == "not shown"
    assert judge_all_sizes(rows(surely, *[make(0, 0.001)] * 5), MARGIN)["verdict"] == "beyond the margin"
