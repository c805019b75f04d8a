"""Laws of the proportion p in a sweep whose runs all take equal steps, at one size and over sizes.

At one number of tokens the term of data cannot be told from the constant, so He et al.'s ratio law
(arXiv:2410.12883) is (E + A / N^alpha) p^-gamma, and L1 p^-gamma at one size. The exponential mixing law
(Ye et al., arXiv:2403.16952) is the catalogue's at one size; over sizes its constant is the law of size.
With fewer than four sizes E and alpha cannot both be told, so that the law of size is a power alone.
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
    log_linear,
    stack_logs,
)
from tenbin.scaling.laws.mixtures import GAMMA, K_GRID, STEEPEST, P, mixing_law
from tenbin.scaling.laws.sizes import E, N, exponent

MIN_SIZES_FOR_CONSTANT = 4
K = Shape("k", -STEEPEST, STEEPEST, K_GRID)
B = Coefficient("b", "ln(nats/token)", is_logarithm=True)


def _ratio_at_one_size(columns: Columns, theta: FloatArray) -> Terms:
    log_p = np.log(columns["p"])
    return log_linear(stack_logs(len(log_p), {0: 1.0, 1: -log_p}, parameters=2), theta)


RATIO_LAW = Form(
    "ratio_law", "L = L1 p^-gamma", "He et al. 2024, arXiv:2410.12883, at one size and number of tokens", (P,),
    (Coefficient("L1"),), (GAMMA,), _ratio_at_one_size,
)  # fmt: skip
MIXING_LAW = mixing_law(1)
FORMS = (RATIO_LAW, MIXING_LAW)
"""At one size."""


def over_sizes(num_sizes: int) -> tuple[Form, Form]:
    """Return both laws in N and p, columns n and p, as far as so many sizes can decide them."""
    constant = (E,) if num_sizes >= MIN_SIZES_FOR_CONSTANT else ()
    return _ratio_over_sizes(constant), _mixing_over_sizes(constant)


def _ratio_over_sizes(constant: tuple[Coefficient, ...]) -> Form:
    alpha = len(constant) + 1

    def terms(columns: Columns, theta: FloatArray) -> Terms:
        log_n, log_p = np.log(columns["n"]), np.log(columns["p"])
        constants: list[Slopes] = [{0: 1.0, alpha + 1: -log_p} for _ in constant]
        power: Slopes = {alpha - 1: 1.0, alpha: -log_n, alpha + 1: -log_p}
        return log_linear(stack_logs(len(log_n), *constants, power, parameters=alpha + 2), theta)

    formula = "L = (E + A / N^alpha) p^-gamma" if constant else "L = A / N^alpha p^-gamma"
    coefficients = (*constant, Coefficient("A"))
    return Form("ratio_law", formula, RATIO_LAW.source, (N, P), coefficients, (exponent("alpha"), GAMMA), terms)


def _mixing_over_sizes(constant: tuple[Coefficient, ...]) -> Form:
    first = len(constant)

    def terms(columns: Columns, theta: FloatArray) -> Terms:
        log_n = np.log(columns["n"])
        constants: list[Slopes] = [{0: 1.0} for _ in constant]
        power: Slopes = {first: 1.0, first + 2: -log_n}
        mixing: Slopes = {first + 1: 1.0, first + 3: columns["p"]}
        return log_linear(stack_logs(len(log_n), *constants, power, mixing, parameters=first + 4), theta)

    formula = f"L = {'E + ' if constant else ''}A / N^alpha + exp(k p + b)"
    coefficients = (*constant, Coefficient("A"), B)
    return Form("mixing_law", formula, MIXING_LAW.source, (N, P), coefficients, (exponent("alpha"), K), terms)
