"""One language alone and in a mix, as one law over both curves; and what the other language's tokens are worth.

Fernandes et al. 2023 (arXiv:2302.09650) find that a mix changes the factor of a power law and not its exponent.
Written by the effective-parameter ratio rho (the mix's models are worth rho times their size), the shared law
has rho as a parameter, so that its profile is the interval of the headline; the free law has a curve of its
own for each side, between them lies one with the exponent in common, and F tests tell what of the sharing is refuted.
Transfer: the effective data of ATLAS (arXiv:2510.22037) within one epoch, D + tau times the other language's.
"""

import numpy as np
from scipy.stats import f as f_distribution

from tenbin.scaling.laws.fitting import Fit
from tenbin.scaling.laws.form import (
    Coefficient,
    Columns,
    FloatArray,
    Form,
    Shape,
    Slopes,
    Terms,
    Variable,
    log_linear,
    stack_logs,
)
from tenbin.scaling.laws.sizes import D, E, N, exponent

MIX = Variable("mix", "0 where the language was trained alone, 1 in the mix", may_be_zero=True)
OTHER = Variable("other", "training tokens of the other language", may_be_zero=True)
LEAST_SHARE = 1e-6
"""Of the language's own tokens: effective data never vanish, however bad the transfer."""


def _shared(columns: Columns, theta: FloatArray) -> Terms:
    log_n, mix = np.log(columns["n"]), columns["mix"]
    alpha, rho = theta[:, 2, None], theta[:, 3, None]
    log_effective = log_n + mix * np.log(rho)
    eta = np.stack([theta[:, :1] + 0 * log_n, theta[:, 1:2] - alpha * log_effective], axis=1)
    slopes = np.zeros((len(theta), 2, 4, len(log_n)))
    slopes[:, 0, 0] = slopes[:, 1, 1] = 1.0
    slopes[:, 1, 2], slopes[:, 1, 3] = -log_effective, -alpha * mix / rho
    return eta, slopes


def _free(columns: Columns, theta: FloatArray) -> Terms:
    log_n, mix = np.log(columns["n"]), columns["mix"]
    terms: tuple[Slopes, ...] = ({0: 1.0}, {1: 1.0}, {2: 1.0, 4: -log_n}, {3: 1.0, 5: -log_n})
    present = np.stack([1 - mix, mix, 1 - mix, mix])
    return log_linear(stack_logs(len(log_n), *terms, parameters=6), theta, present)


def _shared_exponent(columns: Columns, theta: FloatArray) -> Terms:
    log_n, mix = np.log(columns["n"]), columns["mix"]
    terms: tuple[Slopes, ...] = ({0: 1.0}, {1: 1.0}, {2: 1.0, 4: -log_n}, {3: 1.0, 4: -log_n})
    present = np.stack([1 - mix, mix, 1 - mix, mix])
    return log_linear(stack_logs(len(log_n), *terms, parameters=5), theta, present)


def _transfer(columns: Columns, theta: FloatArray) -> Terms:
    log_n, own, other = np.log(columns["n"]), columns["d"], columns["other"]
    alpha, beta, tau = (theta[:, i, None] for i in (3, 4, 5))
    effective = np.maximum(own + tau * other, LEAST_SHARE * own)
    eta = np.stack(
        [theta[:, :1] + 0 * log_n, theta[:, 1:2] - alpha * log_n, theta[:, 2:3] - beta * np.log(effective)], 1
    )
    slopes = np.zeros((len(theta), 3, 6, len(log_n)))
    slopes[:, 0, 0] = slopes[:, 1, 1] = slopes[:, 2, 2] = 1.0
    slopes[:, 1, 3], slopes[:, 2, 4] = -log_n, -np.log(effective)
    slopes[:, 2, 5] = np.where(effective > LEAST_SHARE * own, -beta * other / effective, 0.0)
    return eta, slopes


def compare_nested(shared: Fit, free: Fit) -> dict[str, float]:
    """Return F and its p-value: a small p refutes the smaller form. Both must be least-squares fits of one table."""
    assert shared.problem.estimator == free.problem.estimator
    assert free.problem.estimator.is_least_squares
    extra = free.theta.shape[1] - shared.theta.shape[1]
    freedom = free.problem.log_loss.shape[1] - free.theta.shape[1]
    f = max(shared.objective - free.objective, 0.0) / extra / (free.objective / freedom)
    return {"F": f, "p": float(f_distribution.sf(f, extra, freedom))}


BILINGUAL_SHARED = Form(
    "bilingual_shared", "L = E + A / (N rho^mix)^alpha", "Fernandes et al. 2023, arXiv:2302.09650", (N, MIX),
    (E, Coefficient("A")), (exponent("alpha"), Shape("rho", 1e-3, 1e3, (0.3, 0.7, 1.0, 1.5, 3.0))), _shared,
)  # fmt: skip
BILINGUAL_FREE = Form(
    "bilingual_free", "L = E_mono + A_mono / N^alpha_mono alone, E_mix + A_mix / N^alpha_mix in the mix",
    "Hoffmann et al. 2022, arXiv:2203.15556, at one D, a curve a side", (N, MIX),
    (
        Coefficient("E_mono", may_vanish=True), Coefficient("E_mix", may_vanish=True),
        Coefficient("A_mono"), Coefficient("A_mix"),
    ),
    (exponent("alpha_mono"), exponent("alpha_mix")), _free,
)  # fmt: skip
BILINGUAL_SHARED_EXPONENT = Form(
    "bilingual_shared_exponent", "L = E_mono + A_mono / N^alpha alone, E_mix + A_mix / N^alpha in the mix",
    "Fernandes et al. 2023, arXiv:2302.09650, a constant a side", (N, MIX),
    BILINGUAL_FREE.coefficients, (exponent("alpha"),), _shared_exponent,
)  # fmt: skip
TRANSFER = Form(
    "transfer", "L = E + A / N^alpha + B / (D + tau D_other)^beta", "ATLAS, arXiv:2510.22037, within one epoch",
    (N, D, OTHER), (E, Coefficient("A"), Coefficient("B")),
    (exponent("alpha", 12), exponent("beta", 12), Shape("tau", -1.0, 10.0, (-0.3, -0.1, 0.0, 0.1, 0.3, 0.6, 1.0))),
    _transfer,
)  # fmt: skip
