import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.scaling.laws.bootstrap import bootstrap, resampling_weights
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit

from .conftest import STUDY_SIZES


def test_a_handful_of_rows_is_refused_with_the_reason():
    fitted = fit(FORMS["power_law"], Estimator("log"), {"n": STUDY_SIZES}, 20 * STUDY_SIZES**-0.1)
    with pytest.raises(UserError, match=r"6 rows are too few to resample \(at least 30\): many resamples"):
        bootstrap(fitted, resamples=1000, seed=0)


@pytest.mark.parametrize(
    ("resamples", "seed", "message"),
    [(-5, 0, "--bootstrap -5: the ends"), (39, 0, "need at least 40 resamples"), (40, -1, "--seed -1: it must be")],
)
def test_resamples_that_make_no_interval_are_refused(columns, resamples, seed, message):
    fitted = fit(FORMS["power_law"], Estimator("log"), columns, 20 * columns["n"] ** -0.1)
    with pytest.raises(UserError, match=message):
        bootstrap(fitted, resamples, seed)


def test_weights_are_draws_with_replacement():
    weights = resampling_weights(40, 7, seed=3)
    assert weights.shape == (7, 40)
    assert (weights.sum(axis=1) == 40).all()
    np.testing.assert_array_equal(weights, resampling_weights(40, 7, seed=3))


def test_standard_error_agrees_with_theory(columns):
    """Of a power law by logarithms, which is a linear regression."""
    generator = np.random.default_rng(0)
    log_n = np.log(columns["n"])
    losses = np.exp(np.log(20) - 0.1 * log_n + 0.01 * generator.standard_normal(60))
    found = bootstrap(fit(FORMS["power_law"], Estimator("log"), columns, losses), resamples=2000, seed=0)
    theory = 0.01 / np.sqrt(((log_n - log_n.mean()) ** 2).sum())
    alpha = found.intervals[1]
    assert alpha.standard_error == pytest.approx(theory, rel=0.25)
    assert alpha.low < 0.1 < alpha.high
    assert alpha.identified
