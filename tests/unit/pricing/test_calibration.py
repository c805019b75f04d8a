"""The time model: two constants that give six published times."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tenbin.pricing.calibration import PUBLISHED_TIMES, TimeModel, fit_time_model, published_model
from tenbin.study.model import PUBLISHED_SIZES

# GPU-hours, seconds an iteration and 10^12 FLOPs a second and GPU, as worked out from the published days by hand.
BY_HAND = {
    "e3": (422, 0.950, 2.1),
    "e4": (422, 0.950, 4.2),
    "e5": (442, 0.994, 8.5),
    "e6": (538, 1.210, 32.8),
    "e7": (941, 2.117, 56.8),
    "e8": (3149, 1.771, 134.6),
}


@pytest.mark.parametrize("time", PUBLISHED_TIMES, ids=lambda time: time.size)
def test_published_days_come_to_the_known_hours_and_speeds(time) -> None:  # type: ignore[no-untyped-def]
    gpu_hours, step_s, tera = BY_HAND[time.size]
    assert time.gpu_hours == pytest.approx(gpu_hours, abs=0.5)
    assert time.step_s == pytest.approx(step_s, abs=5e-4)
    assert time.flops_per_token / time.gpu_seconds_per_token / 1e12 == pytest.approx(tera, rel=0.02)


def test_shapes_are_the_published_ones(make_study) -> None:  # type: ignore[no-untyped-def]
    sizes = make_study().sizes
    assert {time.size for time in PUBLISHED_TIMES} == set(PUBLISHED_SIZES)
    for time in PUBLISHED_TIMES:
        assert (time.hidden_size, time.num_layers) == (sizes[time.size].hidden_size, sizes[time.size].num_layers)


def test_a_token_costs_a_gpu_about_two_and_a_half_microseconds_besides_its_arithmetic() -> None:
    model = published_model()
    assert model.overhead_s == pytest.approx(2.4e-6, rel=0.02)
    assert 125e12 < model.flops_per_second < 312e12, "no more than an A100 can do"


def test_every_published_time_is_met_within_fifteen_percent_and_their_sum_within_three() -> None:
    model = published_model()
    errors = {time.size: model.error(time) for time in PUBLISHED_TIMES}
    assert max(map(abs, errors.values())) <= 0.151, errors
    assert max(abs(errors[size]) for size in ("e3", "e4", "e5", "e6")) <= 0.035, errors
    total = sum(time.gpu_hours * (1 + errors[time.size]) for time in PUBLISHED_TIMES)
    assert total == pytest.approx(5913.6, rel=0.03)


def test_the_fit_is_the_minimum_that_a_general_search_finds() -> None:
    flops = np.array([time.flops_per_token for time in PUBLISHED_TIMES], float)
    seconds = np.array([time.gpu_seconds_per_token for time in PUBLISHED_TIMES])

    def residuals(logs: np.ndarray) -> float:  # type: ignore[type-arg]
        modelled = np.exp(logs[0]) + flops / np.exp(logs[1])
        return float(np.sum(np.log(modelled / seconds) ** 2))

    options = {"xatol": 1e-12, "fatol": 1e-16, "maxiter": 10_000}
    found = minimize(residuals, [math.log(1e-6), math.log(1e14)], method="Nelder-Mead", options=options)
    model = published_model()
    assert [model.overhead_s, model.flops_per_second] == pytest.approx(np.exp(found.x), rel=1e-6)


@given(overhead_s=st.floats(1e-8, 1e-4), flops_per_second=st.floats(1e12, 1e15))
def test_exact_times_give_their_own_constants(overhead_s: float, flops_per_second: float) -> None:
    # Work from far below to far above what the overhead costs, or one of the constants would not show.
    work = [round(overhead_s * flops_per_second * share) + 1 for share in (0.1, 1, 10, 100)]
    truth = TimeModel(overhead_s, flops_per_second)
    model = fit_time_model([(flops, truth.gpu_seconds_per_token(flops)) for flops in work])
    assert model.overhead_s == pytest.approx(overhead_s, rel=1e-4)
    assert model.flops_per_second == pytest.approx(flops_per_second, rel=1e-4)


def test_more_gpus_divide_the_time_of_a_step() -> None:
    model = TimeModel(2e-6, 1e14)
    assert model.iteration_s(1e8, 1_000_000, 8) == pytest.approx(1_000_000 * 3e-6 / 8)
