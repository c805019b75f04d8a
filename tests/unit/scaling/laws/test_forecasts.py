import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.scaling.laws.bootstrap import bootstrap
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import Fit, fit
from tenbin.scaling.laws.forecasts import describe_forecasts, parse_point

TRUTH = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
"""Hoffmann's constants."""
LARGE = {"n": 7e10, "d": 1.4e12}


def fitted(noise: float = 0.0, seed: int = 0) -> Fit:
    generator = np.random.default_rng(seed)
    columns = {"n": 10 ** generator.uniform(8, 10, 60), "d": 10 ** generator.uniform(9.5, 11.5, 60)}
    form = FORMS["chinchilla"]
    losses = np.exp(form.log_loss(columns, form.theta(**TRUTH))[0] + noise * generator.standard_normal(60))
    return fit(form, Estimator("log"), columns, losses)


def test_a_law_is_continued_where_nobody_has_measured():
    (found,) = describe_forecasts(fitted(), None, [LARGE], None)
    assert found["at"] == LARGE
    assert found["loss_nats_per_token"] == pytest.approx(1.937, abs=1e-3)
    assert found["interval"] is None


def test_intervals_of_resampled_rows_hold_the_truth_about_as_often_as_they_say():
    truth = describe_forecasts(fitted(), None, [LARGE], None)[0]["loss_nats_per_token"]
    held = 0
    for seed in range(20):
        noisy = fitted(0.003, seed)
        (found,) = describe_forecasts(noisy, bootstrap(noisy, 100, seed), [LARGE], None)
        held += found["interval"][0] <= truth <= found["interval"][1]
    assert 16 <= held <= 20


def test_a_forecast_worse_than_guessing_is_refused():
    """Hoffmann's constants say 27.8 nats at 3,312 parameters."""
    small = {"n": 3312.0, "d": 3.1e11}
    with pytest.raises(UserError, match=r"27\.8 nats/token, above ln\(50304\) = 10\.83"):
        describe_forecasts(fitted(), None, [small], 50304)
    assert describe_forecasts(fitted(), None, [small], None)[0]["loss_nats_per_token"] > 27


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n=1e9", "names n; chinchilla needs n, d"),
        ("n=1e9,d=2e10,p=1", "names n, d, p; chinchilla needs n, d"),
        ("n=0,d=2e10", "n=0: it must be a finite number above 0"),
        ("n=inf,d=2e10", "n=inf: it must be a finite number above 0"),
    ],
)
def test_impossible_points_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        describe_forecasts(fitted(), None, [parse_point(text)], None)


@pytest.mark.parametrize("text", ["n=many", "n", "n=1,n=2"])
def test_points_that_are_no_numbers_are_refused(text):
    with pytest.raises(UserError, match="--forecast"):
        parse_point(text)
