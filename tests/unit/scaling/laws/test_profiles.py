import numpy as np
import pytest
from scipy.optimize import brentq, least_squares
from scipy.stats import f as f_distribution

from tenbin.errors import UserError
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit, refit
from tenbin.scaling.laws.profiles import profile, profile_ends
from tenbin.scaling.laws.solver import Problem

from .conftest import STUDY_SIZES

FORM = FORMS["power_law_constant"]
TRUTH = {"E": 1.5, "A": 40.0, "alpha": 0.3}


def _noisy(rows, noise, seed=0):
    clean = FORM.log_loss({"n": STUDY_SIZES}, FORM.theta(**TRUTH))
    return clean + noise * np.random.default_rng(seed).standard_normal((rows, 6))


def test_ends_agree_with_scipys_profile():
    log_loss = _noisy(1, 0.005)[0]
    found = {p.name: p for p in profile(fit(FORM, Estimator("log"), {"n": STUDY_SIZES}, np.exp(log_loss)))}

    def cost(alpha):
        def residuals(theta):
            return FORM.log_loss({"n": STUDY_SIZES}, np.array([[*theta, alpha]]))[0] - log_loss

        return least_squares(residuals, [0.4, 3.7], xtol=1e-15, ftol=1e-15, gtol=1e-15).cost

    limit = cost(found["alpha"].value) * (1 + f_distribution.ppf(0.95, 1, 3) / 3)
    for end, far in ((found["alpha"].low, 0.15), (found["alpha"].high, 0.45)):
        assert end == pytest.approx(brentq(lambda a: cost(a) - limit, found["alpha"].value, far), rel=1e-4)


def test_kept_curve_is_least_at_the_value():
    for found in profile(fit(FORM, Estimator("relative"), {"n": STUDY_SIZES}, np.exp(_noisy(1, 0.002)[0]))):
        assert found.identified
        assert found.low < found.value < found.high
        assert found.values[found.ratio.argmin()] == pytest.approx(found.value)
        assert found.ratio.min() == pytest.approx(1)
        assert found.ratio.max() > 1 + f_distribution.ppf(0.95, 1, 3) / 3


def test_what_losses_do_not_decide_is_unidentified():
    """Losses without any trend have neither an exponent nor an amplitude."""
    losses = np.array([3.0, 3.01, 2.99, 3.0, 3.01, 2.99])
    found = {p.name: p for p in profile(fit(FORM, Estimator("log"), {"n": STUDY_SIZES}, losses))}
    assert not found["alpha"].identified
    assert not found["A"].identified


def test_a_constant_may_reach_zero():
    losses = 20 * STUDY_SIZES**-0.1 * np.exp([-0.03, 0.01, 0.02, 0.02, 0.01, -0.03])
    constant = profile(fit(FORM, Estimator("log"), {"n": STUDY_SIZES}, losses))[0]
    assert constant.name == "E"
    assert constant.low == 0
    assert constant.identified
    assert 0 < constant.high < losses.min()


@pytest.mark.parametrize("noise", [0.0005, 0.005])
def test_intervals_cover_at_the_sizes_of_the_study(noise):
    log_loss = _noisy(600, noise, seed=1)
    first = fit(FORM, Estimator("log"), {"n": STUDY_SIZES}, np.exp(log_loss[0]))
    minima = refit(first, log_loss, np.ones((1, 6)))
    assert minima.converged.all()
    problem = Problem(FORM, Estimator("log"), {"n": STUDY_SIZES}, log_loss, np.ones((1, 6)))
    ends = profile_ends(problem, minima.theta)
    truth = FORM.theta(**TRUTH)
    covered = (np.nan_to_num(ends.low, nan=-np.inf) <= truth) & (truth <= np.nan_to_num(ends.high, nan=np.inf))
    assert (covered.mean(axis=0) > 0.90).all()
    assert (covered.mean(axis=0) < 0.98).all()


def test_robust_estimators_have_no_profile():
    fitted = fit(FORM, Estimator("huber", 1e-3), {"n": STUDY_SIZES}, np.exp(_noisy(1, 0.005)[0]))
    with pytest.raises(UserError, match="least-squares estimator"):
        profile(fitted)
