"""Is gamma of the ratio law the same at every size, as He et al. say, and if not, how does it move?

ln L = level(size) - gamma ln p is linear, so that F tests and t intervals are exact where points scatter about the
law independently and alike: one gamma against a gamma a size, and gamma as a straight line in ln N.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from tenbin.scaling.intervals import CONFIDENCE
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.ratios.sweep import SizeLosses


@dataclass(frozen=True)
class Linear:
    """A linear model fitted by least squares."""

    values: FloatArray
    errors: FloatArray
    """Standard errors of `values`."""
    squares: float
    """Sum of squared residuals."""
    freedom: int

    def describe(self, which: int) -> dict[str, Any]:
        """Return one parameter with its t interval."""
        reach = float(t_distribution.ppf((1 + CONFIDENCE) / 2, self.freedom) * self.errors[which])
        value = float(self.values[which])
        return {"value": value, "interval": [value - reach, value + reach]}


def compare_gammas(sizes: Sequence[SizeLosses]) -> dict[str, Any]:
    """Return one gamma for all sizes, one a size, the F test between them, and gamma's slope in ln N.

    `slope_per_ln_n` and the test are None with one size.
    """
    number = np.concatenate([np.full((size.p > 0).sum(), i) for i, size in enumerate(sizes)])
    log_p, y = (np.concatenate([a[size.p > 0] for size, a in _arrays(sizes, key)]) for key in ("p", "log_loss"))
    levels = (number[:, None] == np.arange(len(sizes))).astype(np.float64)
    each = _least_squares(np.hstack([-levels * log_p[:, None], levels]), y)
    one = _least_squares(np.hstack([-log_p[:, None], levels]), y)
    content = {
        "by_size": [{"size": size.size} | each.describe(i) for i, size in enumerate(sizes)],
        "one_for_all": one.describe(0),
        "test_of_one": None,
        "slope_per_ln_n": None,
    }
    if len(sizes) > 1:
        log_n = np.log([size.n_nonembedding for size in sizes])
        tilt = -(log_n - log_n.mean())[number] * log_p
        sloped = _least_squares(np.hstack([tilt[:, None], -log_p[:, None], levels]), y)
        content |= {"test_of_one": _test(one, each), "slope_per_ln_n": sloped.describe(0)}
    return content


def _arrays(sizes: Sequence[SizeLosses], key: str) -> list[tuple[SizeLosses, FloatArray]]:
    with np.errstate(divide="ignore"):
        return [(size, np.log(size.p) if key == "p" else size.log_loss) for size in sizes]


def _test(smaller: Linear, larger: Linear) -> dict[str, Any]:
    spent = smaller.freedom - larger.freedom
    statistic = (smaller.squares - larger.squares) / spent / (larger.squares / larger.freedom)
    p_value = float(f_distribution.sf(statistic, spent, larger.freedom))
    return {"f": float(statistic), "p": p_value, "freedom": [spent, larger.freedom]}


def _least_squares(columns: FloatArray, y: FloatArray) -> Linear:
    values: FloatArray = np.linalg.lstsq(columns, y, rcond=None)[0].astype(np.float64)
    squares, freedom = float(((y - columns @ values) ** 2).sum()), len(y) - columns.shape[1]
    covariance = np.linalg.inv(columns.T @ columns) * squares / freedom
    return Linear(values, np.sqrt(np.diag(covariance)), squares, freedom)
