"""The law of repeated data: Muennighoff et al. 2023 (arXiv:2305.16264), equations 5 to 7.

Tokens seen more than once count for less: D' = U + U R_D* (1 - exp(-R_D / R_D*)) with R_D = D/U - 1 repetitions of
U unique tokens. Parameters beyond those that U tokens would fill at the optimum of compute count for less too:
N' likewise, with U_N = min(N, N_opt) and N_opt = G (U G)^(beta/alpha), G = (alpha A / beta B)^(1/(alpha+beta)).
"""

from typing import NamedTuple

import numpy as np

from tenbin.scaling.laws.form import Coefficient, Columns, FloatArray, Form, Shape, Terms, Variable
from tenbin.scaling.laws.sizes import D, E, N, exponent

MOST_LOG_REPEATS = 30.0
"""Beyond, all repetition is saturated at any R* within bounds."""
REPETITION_GRID = (1.0, 4.0, 16.0, 64.0)


class _Effective(NamedTuple):
    """ln of an effective amount, and its derivatives by ln of the unique amount and by R*."""

    log: FloatArray
    by_log_unique: FloatArray
    by_r: FloatArray


def _saturate(log_amount: FloatArray, log_unique: FloatArray, r: FloatArray) -> _Effective:
    repeats = np.expm1(np.clip(log_amount - log_unique, 0.0, MOST_LOG_REPEATS))
    decay = np.exp(-repeats / r)
    factor = 1 + r * (1 - decay)
    by_r = (1 - decay - repeats / r * decay) / factor
    return _Effective(log_unique + np.log(factor), 1 - (repeats + 1) * decay / factor, by_r)


def _data_constrained(columns: Columns, theta: FloatArray) -> Terms:
    log_a, log_b, alpha, beta, r_d, r_n = (theta[:, i, None] for i in range(1, 7))
    log_n, log_d = np.log(columns["n"]), np.log(columns["d"])
    log_unique = np.minimum(np.log(columns["u"]), log_d)
    log_g = (np.log(alpha / beta) + log_a - log_b) / (alpha + beta)
    log_optimum = log_g + beta / alpha * (log_unique + log_g)
    data = _saturate(log_d, log_unique, r_d)
    size = _saturate(log_n, np.minimum(log_optimum, log_n), r_n)
    by_optimum = np.where(log_optimum < log_n, size.by_log_unique, 0.0) * -alpha
    by_g = (1 + beta / alpha) / (alpha + beta)
    by_ratio = log_g + log_unique
    slopes = np.zeros((len(theta), 3, 7, len(log_n)))
    slopes[:, 0, 0] = slopes[:, 1, 1] = slopes[:, 2, 2] = 1.0
    slopes[:, 1, 1] += by_optimum * by_g
    slopes[:, 1, 2] = -by_optimum * by_g
    slopes[:, 1, 3] = -size.log + by_optimum * (by_g * (1 / alpha - log_g) - by_ratio * beta / alpha**2)
    slopes[:, 1, 4] = by_optimum * (by_g * (-1 / beta - log_g) + by_ratio / alpha)
    slopes[:, 1, 6] = -alpha * size.by_r
    slopes[:, 2, 4], slopes[:, 2, 5] = -data.log, -beta * data.by_r
    eta = np.stack([theta[:, :1] + 0 * log_n, log_a - alpha * size.log, log_b - beta * data.log], axis=1)
    return eta, slopes


DATA_CONSTRAINED = Form(
    "data_constrained", "L = E + A / N'^alpha + B / D'^beta, D' = U + U R_D (1 - exp(-(D/U - 1) / R_D)), N' likewise",
    "Muennighoff et al. 2023, arXiv:2305.16264", (N, D, Variable("u", "unique training tokens", must_vary=False)),
    (E, Coefficient("A"), Coefficient("B")),
    (
        exponent("alpha", 10), exponent("beta", 10),
        Shape("R_D", 0.05, 1e4, REPETITION_GRID, "repetitions"),
        Shape("R_N", 0.05, 1e4, REPETITION_GRID, "repetitions"),
    ),
    _data_constrained,
)  # fmt: skip
