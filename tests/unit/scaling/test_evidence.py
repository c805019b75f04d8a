"""What is said of a fit's worth: held against the older fitter, exact laws, and simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.scaling.evidence import describe_evidence, forecast_largest, lack_of_fit, local_slopes
from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FORMS, POWER_LAW, POWER_LAW_WITH_CONSTANT, FloatArray, Form

N = np.array([3_312, 12_768, 100_096, 2_369_792, 18_915_328, 302_311_424.0])
TRUTH = 1.7 + 40 * N**-0.3


def seeds_of(truth: FloatArray, noise: float, count: int, seed: int) -> list[list[float]]:
    draws = np.random.default_rng(seed).standard_normal((len(truth), count))
    return (truth[:, None] * (1 + noise * draws)).tolist()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_profiles_are_those_of_the_fit_itself(form: Form) -> None:
    losses = seeds_of(TRUTH, 0.003, 3, 0)
    found = describe_evidence(form, N, losses)
    curve = fit(form, N, np.mean(losses, axis=1)[None])
    values = {"constant": curve.constant, "amplitude_at_n0": curve.amplitude_at_n0, "exponent": curve.exponent}
    for name, (low, high) in found["profile_intervals"].items():
        assert low < values[name][0] < high, name
        assert found["identified"][name]
    exponents = found["profiles"]["exponent"]
    best = exponents["values"][int(np.argmin(exponents["objective_ratio"]))]
    assert best == pytest.approx(float(curve.exponent[0]), rel=1e-4)
    assert min(exponents["objective_ratio"]) == pytest.approx(1)
    assert max(exponents["objective_ratio"]) > found["profile_limit"]


def test_what_does_not_fall_is_not_identified() -> None:
    found = describe_evidence(POWER_LAW_WITH_CONSTANT, N, [[3.0], [3.01], [2.99], [3.0], [3.01], [2.99]])
    assert not found["identified"]["exponent"]
    assert None in found["profile_intervals"]["exponent"]


def test_as_many_parameters_as_sizes_say_nothing() -> None:
    found = describe_evidence(POWER_LAW_WITH_CONSTANT, N[:3], seeds_of(TRUTH[:3], 0.003, 2, 0))
    assert found
    assert set(found.values()) == {None}


def test_a_true_form_is_refuted_as_often_as_the_level_says() -> None:
    tests = [lack_of_fit(POWER_LAW_WITH_CONSTANT, N, seeds_of(TRUTH, 0.003, 3, seed)) for seed in range(200)]
    refuted = sum(found["p"] < 0.05 for found in tests if found)
    assert 3 <= refuted <= 19, "of 200 at 5 %"
    assert tests[0]
    assert tests[0]["freedom"] == [3, 12]


def test_a_wrong_form_is_refuted_where_seeds_are_quiet() -> None:
    found = lack_of_fit(POWER_LAW, N, seeds_of(TRUTH, 0.003, 3, 0))
    assert found
    assert found["p"] < 1e-6


@pytest.mark.parametrize("losses", [seeds_of(TRUTH, 0.003, 1, 0), [[loss, loss] for loss in TRUTH]])
def test_without_scatter_of_seeds_nothing_is_tested(losses: list[list[float]]) -> None:
    assert lack_of_fit(POWER_LAW, N, losses) is None


@settings(deadline=None, max_examples=50)
@given(alpha=st.floats(0.01, 1.5), amplitude=st.floats(0.5, 100))
def test_a_power_law_has_its_exponent_everywhere(alpha: float, amplitude: float) -> None:
    losses = amplitude * N**-alpha
    slopes = local_slopes(N, losses, np.stack([losses, 2 * losses]))
    assert [slope["slope"] for slope in slopes] == pytest.approx([alpha] * 5)
    assert [(slope["n_low"], slope["n_high"]) for slope in slopes] == list(pairwise(N))


@pytest.mark.parametrize(("form", "truth"), [(POWER_LAW, 9 * N**-0.07), (POWER_LAW_WITH_CONSTANT, TRUTH)])
def test_the_largest_size_is_forecast_from_the_others(form: Form, truth: FloatArray) -> None:
    hits = 0
    for seed in range(200):
        noisy = truth * (1 + 0.002 * np.random.default_rng(seed).standard_normal(6))
        found = forecast_largest(form, N, noisy)
        assert found
        assert (found["n"], found["measured"]) == (N[-1], noisy[-1])
        hits += found["interval"][0] <= noisy[-1] <= found["interval"][1]
    assert 180 <= hits <= 198, "of 200 at 95 %"


def test_nothing_is_forecast_from_fewer_sizes_than_parameters() -> None:
    assert forecast_largest(POWER_LAW_WITH_CONSTANT, N[:3], TRUTH[:3]) is None
    assert (forecast_largest(POWER_LAW_WITH_CONSTANT, N[:4], TRUTH[:4]) or {})["interval"] is None
