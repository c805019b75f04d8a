"""Intervals by resampling the rows of a table: multinomial weights, refitted from the full fit.

Only for tables of at least 30 rows. Of six rows a quarter of the resamples hold fewer than four sizes, and the
intervals come out 1.3 to 2 times too wide: a handful of rows has a profile, or repeated seeds.
"""

from dataclasses import dataclass

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.fitting import Fit, refit
from tenbin.scaling.laws.form import FloatArray

MIN_ROWS = 30
MIN_RESAMPLES = 40
"""Below, an end of a 95 % interval lies beyond the outermost resample."""
AT_BOUND = 1e-6


@dataclass(frozen=True)
class Interval:
    """A parameter's interval, in the literature's own terms."""

    name: str
    low: float
    high: float
    standard_error: float
    identified: bool
    """False where a bound of the search is an end of the interval."""


@dataclass(frozen=True)
class Resampled:
    """Refits of resamples."""

    theta: FloatArray
    """(resamples, parameters)."""
    objective: FloatArray
    intervals: tuple[Interval, ...]


def resampling_weights(rows: int, resamples: int, seed: int) -> FloatArray:
    """Return how often each row was drawn, (resamples, rows)."""
    drawn = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=resamples)
    return drawn.astype(np.float64)


def bootstrap(fitted: Fit, resamples: int, seed: int, confidence: float = 0.95) -> Resampled:
    """Resample the rows and refit.

    Raises UserError if the table has fewer than 30 rows, for fewer than 40 resamples, and for a seed below 0.
    """
    rows = fitted.problem.log_loss.shape[1]
    _check(rows, resamples, seed)
    weights = fitted.problem.weights * resampling_weights(rows, resamples, seed)
    found = refit(fitted, fitted.problem.log_loss, weights)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    names = range(found.theta.shape[1])
    return Resampled(found.theta, found.objective, tuple(_interval(fitted, found.theta[:, i], i, tails) for i in names))


def _check(rows: int, resamples: int, seed: int) -> None:
    if rows < MIN_ROWS:
        raise UserError(
            f"{rows} rows are too few to resample (at least {MIN_ROWS}): many resamples would hold too few different "
            "points to decide the parameters; leave --bootstrap out and use a least-squares estimator, whose profile "
            "intervals suit few rows"
        )
    if resamples < MIN_RESAMPLES:
        least = f"the ends of a 95 % interval need at least {MIN_RESAMPLES} resamples"
        raise UserError(f"--bootstrap {resamples}: {least}; 1000 is usual")
    if seed < 0:
        raise UserError(f"--seed {seed}: it must be at or above 0")


def _interval(fitted: Fit, theta: FloatArray, i: int, tails: list[float]) -> Interval:
    parameter = fitted.problem.form.parameters[i]
    least, most = (bound[i] for bound in fitted.problem.form.bounds())
    low, high = np.quantile(theta, tails)
    identified = bool(low > least + AT_BOUND and high < most - AT_BOUND)
    low, high = map(float, parameter.natural(np.array([low, high])))
    return Interval(parameter.name, low, high, float(parameter.natural(theta).std(ddof=1)), identified)
