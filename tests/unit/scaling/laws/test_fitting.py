import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

from tenbin.errors import UserError
from tenbin.scaling.laws.bilingual import compare_nested
from tenbin.scaling.laws.bootstrap import resampling_weights
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit, refit
from tenbin.scaling.laws.mixtures import mixing_law

from .conftest import STUDY_SIZES, TRUTHS

ESTIMATORS = [Estimator("log"), Estimator("relative"), Estimator("huber", 1e-3)]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.kind)
@pytest.mark.parametrize("name", FORMS)
def test_known_truth_comes_back(name, estimator, columns):
    form = FORMS[name]
    losses = np.exp(form.log_loss(columns, form.theta(**TRUTHS[name])))[0]
    found = fit(form, estimator, columns, losses)
    assert found.parameters == pytest.approx(TRUTHS[name], rel=1e-7)
    assert found.restart_agreement >= 0.5


@pytest.mark.parametrize("name", FORMS)
def test_no_start_of_scipy_finds_a_better_minimum(name, columns):
    form = FORMS[name]
    noise = np.exp(0.005 * np.random.default_rng(3).standard_normal(60))
    truth = form.theta(**TRUTHS[name])
    losses = np.exp(form.log_loss(columns, truth))[0] * noise
    found = fit(form, Estimator("log"), columns, losses)

    def residuals(theta):
        return (form.log_loss(columns, theta[None]) - np.log(losses))[0]

    for start in (truth[0], found.theta[0]):
        theirs = least_squares(residuals, start, bounds=form.bounds(), x_scale="jac", xtol=1e-14, ftol=1e-14)
        assert found.objective <= theirs.cost * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["log", "relative", "absolute", "huber"])
def test_a_vanishing_constant_is_found(kind):
    losses = 20 * STUDY_SIZES**-0.1 * np.exp([-0.03, 0.01, 0.02, 0.02, 0.01, -0.03])
    estimator = Estimator(kind, 1e-2 if kind == "huber" else None)
    with_constant = fit(FORMS["power_law_constant"], estimator, {"n": STUDY_SIZES}, losses)
    without = fit(FORMS["power_law"], estimator, {"n": STUDY_SIZES}, losses)
    assert with_constant.parameters["E"] < 1e-6
    assert with_constant.objective == pytest.approx(without.objective, rel=1e-7)


def test_units_of_size_change_the_amplitude_alone(columns):
    form = FORMS["chinchilla"]
    losses = np.exp(form.log_loss(columns, form.theta(**TRUTHS["chinchilla"])))[0] * (1 + 0.01 * np.sin(np.arange(60)))
    one = fit(form, Estimator("huber", 1e-3), columns, losses)
    other = fit(form, Estimator("huber", 1e-3), columns | {"n": columns["n"] / 1e6}, losses)
    scaled = one.parameters | {"A": one.parameters["A"] * 1e6 ** -one.parameters["alpha"]}
    assert other.parameters == pytest.approx(scaled, rel=1e-5)
    assert other.objective == pytest.approx(one.objective, rel=1e-9)


@pytest.mark.parametrize("estimator", [Estimator("log"), Estimator("huber", 1e-3)], ids=lambda e: e.kind)
def test_resamples_are_no_worse_than_scipys(estimator, columns):
    form = FORMS["chinchilla"]
    noise = np.exp(0.005 * np.random.default_rng(4).standard_t(3, 60))
    losses = np.exp(form.log_loss(columns, form.theta(**TRUTHS["chinchilla"])))[0] * noise
    fitted = fit(form, estimator, columns, losses)
    weights = resampling_weights(60, 12, seed=0)
    found = refit(fitted, fitted.problem.log_loss, weights)
    for row, objective in zip(weights, found.objective, strict=True):

        def theirs(theta, row=row):
            return estimator.objective(form.log_loss(columns, theta[None]) - np.log(losses), row[None])[0]

        best = minimize(theirs, fitted.theta[0], method="Nelder-Mead", options={"maxiter": 3000, "fatol": 1e-14})
        assert objective <= best.fun * (1 + 2e-6)


def test_lad_solves_the_optimality_conditions(columns):
    form = FORMS["power_law_constant"]
    noise = np.exp(0.005 * np.random.default_rng(5).standard_t(3, 60))
    losses = np.exp(form.log_loss(columns, form.theta(**TRUTHS["power_law_constant"])))[0] * noise
    found = fit(form, Estimator("lad"), columns, losses)
    size = np.abs(found.residuals)
    on_curve = size < 1e-6
    assert on_curve.sum() == 3
    step = 1e-6 * np.eye(3)
    jacobian = (form.log_loss(columns, found.theta + step) - form.log_loss(columns, found.theta - step)) / 2e-6
    multipliers = np.linalg.solve(jacobian[:, on_curve], -jacobian[:, ~on_curve] @ np.sign(found.residuals[~on_curve]))
    assert np.abs(multipliers).max() <= 1 + 1e-4


def test_shared_exponent_is_refuted_only_where_it_is_wrong():
    n, mix = np.tile(STUDY_SIZES, 2), np.repeat([0.0, 1.0], 6)
    noise = np.exp(0.002 * np.random.default_rng(6).standard_normal(12))
    p = {}
    for kind, exponent in (("same", 0.3), ("other", 0.25)):
        losses = (1.5 + 40 * n ** -np.where(mix > 0, exponent, 0.3)) * noise
        fits = (
            fit(FORMS[f"bilingual_{law}"], Estimator("log"), {"n": n, "mix": mix}, losses) for law in ("shared", "free")
        )
        p[kind] = compare_nested(*fits)["p"]
    assert p["same"] > 0.05
    assert p["other"] < 1e-3


def test_too_few_points_are_refused():
    with pytest.raises(UserError, match="3 points cannot decide the 3 parameters of power_law_constant"):
        fit(FORMS["power_law_constant"], Estimator("log"), {"n": STUDY_SIZES[:3]}, np.array([4.0, 3.0, 2.5]))


def test_delta_belongs_to_huber():
    with pytest.raises(UserError, match="delta belongs to the huber estimator"):
        Estimator("log", 1e-3)
    with pytest.raises(UserError, match="must be above 0"):
        Estimator("huber", -1.0)


def test_many_proportions_come_back_from_starts_by_regression():
    """Seven slopes are too many for a grid of starts."""
    form, generator = mixing_law(7), np.random.default_rng(7)
    proportions = generator.dirichlet(np.ones(8), 60).T
    columns = {f"p{i + 1}": proportions[i] for i in range(7)}
    truth = {"c": 2.0, "b": 0.5} | {f"k{i + 1}": k for i, k in enumerate((-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0))}
    losses = np.exp(form.log_loss(columns, form.theta(**truth)))[0]
    found = fit(form, Estimator("log"), columns, losses)
    assert found.parameters == pytest.approx(truth, rel=1e-6)
    assert found.restart_agreement >= 0.5
