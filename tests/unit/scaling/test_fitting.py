"""The batched fitter, held against scipy's general solver and against curves it must recover."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FORMS, POWER_LAW, POWER_LAW_WITH_CONSTANT, FloatArray, Form

PUBLISHED_N = np.array([3_312, 12_768, 100_096, 2_369_792, 18_915_328, 302_311_424], float)


def squares(form: Form, n: FloatArray, losses: FloatArray) -> FloatArray:
    return ((fit(form, n, losses).loss_at(n) / losses - 1) ** 2).sum(-1)


def scipy_squares(form: Form, n: FloatArray, loss: FloatArray) -> float:
    """Return the least sum of squares that scipy finds from many starts."""
    x = np.log(n) - np.log(n).mean()

    def residuals(p: FloatArray) -> FloatArray:
        constant = p[2] if form.has_constant else 0.0
        return np.asarray((constant + p[0] * np.exp(-p[1] * x)) / loss - 1)

    lower, upper = ([0, 0.005, 0], [np.inf, 4, np.inf]) if form.has_constant else ([0, -4], [np.inf, 4])
    best = np.inf
    for exponent in np.geomspace(0.01, 2, 12):
        start = [loss.mean() / 2, exponent, loss.mean() / 2][: form.num_parameters]
        found = least_squares(residuals, start, bounds=(lower, upper), xtol=1e-15, ftol=1e-15, gtol=1e-15)
        best = min(best, 2 * found.cost)
    return best


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    exponent=st.floats(0.03, 0.6),
    constant=st.sampled_from([0.0, 0.5, 1.7]),
    noise=st.sampled_from([0.0005, 0.005, 0.02]),
)
def test_no_general_solver_finds_a_better_fit(
    form: Form, seed: int, exponent: float, constant: float, noise: float
) -> None:
    rng = np.random.default_rng(seed)
    n = np.sort(10 ** rng.uniform(3, 9, rng.integers(4, 8)))
    truth = constant + 2.5 * (n / np.exp(np.log(n).mean())) ** -exponent
    loss = truth * (1 + noise * rng.standard_normal(len(n)))
    ours, theirs = float(squares(form, n, loss[None])[0]), scipy_squares(form, n, loss)
    assert ours <= theirs * (1 + 1e-6) + 1e-14


@settings(max_examples=40, deadline=None)
@given(
    constant=st.floats(0.1, 3), amplitude=st.floats(0.2, 5), exponent=st.floats(0.05, 1.0), units=st.floats(0.01, 1000)
)
def test_exact_curves_are_recovered(constant: float, amplitude: float, exponent: float, units: float) -> None:
    n = PUBLISHED_N * units
    n0 = np.exp(np.log(n).mean())
    found = fit(POWER_LAW_WITH_CONSTANT, n, (constant + amplitude * (n / n0) ** -exponent)[None])
    np.testing.assert_allclose(found.exponent, exponent, rtol=1e-6)
    np.testing.assert_allclose(found.constant, constant, rtol=1e-5)
    np.testing.assert_allclose(found.amplitude_at_n0, amplitude, rtol=1e-5)


def test_a_power_law_is_recovered_at_one_parameter() -> None:
    found = fit(POWER_LAW, PUBLISHED_N, (8.0 * PUBLISHED_N**-0.08)[None])
    np.testing.assert_allclose(found.exponent, 0.08, rtol=1e-9)
    np.testing.assert_allclose(found.amplitude_at_one_parameter, 8.0, rtol=1e-9)


def test_curves_of_a_batch_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(3)
    losses = (1.2 + 3 * PUBLISHED_N**-0.1) * (1 + 0.003 * rng.standard_normal((50, 6)))
    together = fit(POWER_LAW_WITH_CONSTANT, PUBLISHED_N, losses)
    alone = [fit(POWER_LAW_WITH_CONSTANT, PUBLISHED_N, loss[None]).exponent[0] for loss in losses]
    np.testing.assert_allclose(together.exponent, alone, rtol=1e-9)


def test_the_constant_is_never_negative() -> None:
    n = np.geomspace(1e3, 1e8, 6)
    bent_down = 5 - 0.2 * np.log10(n)
    found = fit(POWER_LAW_WITH_CONSTANT, n, bent_down[None])
    assert found.constant[0] == 0
    np.testing.assert_allclose(found.exponent, fit(POWER_LAW, n, bent_down[None]).exponent, rtol=1e-8)


def test_a_rising_curve_gets_a_negative_exponent_or_a_constant() -> None:
    n = np.geomspace(1e3, 1e8, 6)
    rising = 3 + 0.1 * np.log10(n)
    assert fit(POWER_LAW, n, rising[None]).exponent[0] < 0
    assert fit(POWER_LAW_WITH_CONSTANT, n, rising[None]).amplitude_at_n0[0] == 0


def test_n_at_inverts_the_curve() -> None:
    found = fit(POWER_LAW_WITH_CONSTANT, PUBLISHED_N, (1.0 + 40 * PUBLISHED_N**-0.3)[None])
    loss = found.loss_at(np.array([1e6]))[:, 0]
    np.testing.assert_allclose(found.n_at(loss), 1e6, rtol=1e-9)
    assert np.isinf(found.n_at(np.array([0.99])))


@pytest.mark.golden
def test_published_fits_of_five_and_six_points_are_found(shared_data: Path) -> None:
    """Porian et al. fit L(C) = E + A C^-a by absolute least squares; at residuals below 1 % ours lies close by."""
    folder = shared_data / "published_fits"
    published = json.loads((folder / "EXPECTED.json").read_text())["porian_optimal_pairs_rw"]["pub_L_of_C_A_E_alpha"]
    curves = read_compute_curves(folder / "porian_optimal_pairs_rw.csv")
    assert len(curves) == len(published) == 5
    for (flops, loss), (_, constant, exponent) in zip(curves, published, strict=True):
        found = fit(POWER_LAW_WITH_CONSTANT, flops, loss[None])
        np.testing.assert_allclose(found.constant, constant, rtol=0.005)
        np.testing.assert_allclose(found.exponent, exponent, rtol=0.01)


def read_compute_curves(path: Path) -> list[tuple[FloatArray, FloatArray]]:
    curves: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            key = tuple(row[name] for name in ("hparams", "warmup", "decay", "param_count", "val"))
            if row["loss"] not in ("", "nan") and 1e16 < float(row["flops"]) < 5e17:
                curves.setdefault(key, []).append((float(row["flops"]), float(row["loss"])))
    return [(np.array(points)[:, 0], np.array(points)[:, 1]) for points in curves.values()]
