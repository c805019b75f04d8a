"""Laws of model size alone, and of size and data.

Power law and Kaplan's joint law: Kaplan et al. 2020 (arXiv:2001.08361), equations 1.1 and 1.5. Chinchilla:
Hoffmann et al. 2022 (arXiv:2203.15556), equation 10. Over-training: Gadre et al. 2024 (arXiv:2403.08540),
with one exponent for both terms, so that excess loss at a fixed D/N is a power of compute.
"""

import numpy as np

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
from tenbin.scaling.laws.starts import nonnegative

EXPONENT_LOW, EXPONENT_HIGH = 0.005, 4.0
"""Below, a power law cannot be told from a constant."""
E = Coefficient("E", may_vanish=True)
N = Variable("n", "parameters")
D = Variable("d", "training tokens")


def exponent(name: str, count: int = 24) -> Shape:
    """Return a positive exponent that starts on a geometric grid."""
    return Shape(name, EXPONENT_LOW, EXPONENT_HIGH, tuple(np.geomspace(0.02, 2.0, count)))


def _power(columns: Columns, theta: FloatArray) -> Terms:
    log_n = np.log(columns["n"])
    return log_linear(stack_logs(len(log_n), {0: 1.0, 1: -log_n}, parameters=2), theta)


def _power_constant(columns: Columns, theta: FloatArray) -> Terms:
    log_n = np.log(columns["n"])
    return log_linear(stack_logs(len(log_n), {0: 1.0}, {1: 1.0, 2: -log_n}, parameters=3), theta)


def _chinchilla(columns: Columns, theta: FloatArray) -> Terms:
    log_n, log_d = np.log(columns["n"]), np.log(columns["d"])
    terms: tuple[Slopes, ...] = ({0: 1.0}, {1: 1.0, 3: -log_n}, {2: 1.0, 4: -log_d})
    return log_linear(stack_logs(len(log_n), *terms, parameters=5), theta)


def _overtraining(columns: Columns, theta: FloatArray) -> Terms:
    log_n, log_d = np.log(columns["n"]), np.log(columns["d"])
    terms: tuple[Slopes, ...] = ({0: 1.0}, {1: 1.0, 3: log_n}, {2: 1.0, 3: log_d + np.log(6) / 2})
    return log_linear(stack_logs(len(log_n), *terms, parameters=4), theta)


def _kaplan(columns: Columns, theta: FloatArray) -> Terms:
    """One term: aD ln(u + v) with u = (Nc/N)^(aN/aD) and v = Dc/D, both by logarithms."""
    log_nc, log_dc, a_n, a_d = (theta[:, i, None] for i in range(4))
    log_u = a_n / a_d * (log_nc - np.log(columns["n"]))
    log_v = log_dc - np.log(columns["d"])
    log_sum = np.logaddexp(log_u, log_v)
    share = np.exp(log_u - log_sum)
    slopes = (share * a_n, a_d * (1 - share), share * log_u * a_d / a_n, log_sum - share * log_u)
    return (a_d * log_sum)[:, None], np.stack(slopes, axis=1)[:, None]


def _lift_kaplan(columns: Columns, shapes: FloatArray, log_loss: FloatArray) -> FloatArray:
    """L^(1/aD) is linear in Nc^(aN/aD) and Dc."""
    ratio = shapes[:, :1] / shapes[:, 1:]
    ones = np.ones_like(ratio)
    logs = np.stack([-ratio * np.log(columns["n"]), -ones * np.log(columns["d"])], axis=1)
    found = nonnegative(logs, log_loss / shapes[:, 1:])
    return np.asarray(found / np.concatenate([ratio, ones], axis=1))


POWER_LAW = Form(
    "power_law", "L = A / N^alpha", "Kaplan et al. 2020, arXiv:2001.08361", (N,), (Coefficient("A"),),
    (exponent("alpha", 40),), _power,
)  # fmt: skip
POWER_LAW_CONSTANT = Form(
    "power_law_constant", "L = E + A / N^alpha", "Hoffmann et al. 2022, arXiv:2203.15556, at one D", (N,),
    (E, Coefficient("A")), (exponent("alpha", 40),), _power_constant,
)  # fmt: skip
CHINCHILLA = Form(
    "chinchilla", "L = E + A / N^alpha + B / D^beta", "Hoffmann et al. 2022, arXiv:2203.15556", (N, D),
    (E, Coefficient("A"), Coefficient("B")), (exponent("alpha"), exponent("beta")), _chinchilla,
)  # fmt: skip
KAPLAN = Form(
    "kaplan", "L = [(Nc / N)^(aN / aD) + Dc / D]^aD", "Kaplan et al. 2020, arXiv:2001.08361", (N, D),
    (Coefficient("Nc", "parameters"), Coefficient("Dc", "tokens")), (exponent("aN"), exponent("aD")),
    _kaplan, _lift_kaplan,
)  # fmt: skip
OVERTRAINING = Form(
    "overtraining", "L = E + alpha N^b + beta 6^(b/2) D^b", "Gadre et al. 2024, arXiv:2403.08540", (N, D),
    (E, Coefficient("alpha"), Coefficient("beta")),
    (Shape("b", -EXPONENT_HIGH, -EXPONENT_LOW, tuple(-np.geomspace(0.02, 2.0, 40))),), _overtraining,
)  # fmt: skip
