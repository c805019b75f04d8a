"""Laws of the proportion p of a language or domain in the training mix.

Exponential mixing law: Ye et al. 2024 (arXiv:2403.16952). Ratio law: He et al. 2024 (arXiv:2410.12883), whose
gamma is the same at every size. BiMix: Ge et al. 2024 (arXiv:2405.14908), A/p^a (B/D^b + C) with A absorbed:
the ratio law without its term of size. Two proportions cannot test a form; five are few.
"""

from collections.abc import Sequence

import numpy as np

from tenbin.scaling.laws.form import (
    Coefficient,
    Columns,
    FloatArray,
    Form,
    Shape,
    Slopes,
    Starts,
    Terms,
    Variable,
    log_linear,
    stack_logs,
)
from tenbin.scaling.laws.sizes import D, E, N, exponent

P = Variable("p", "proportion of the scored language in the mix, above 0")
STEEPEST = 30.0
K_GRID = (-16.0, -8.0, -4.0, -2.0, -1.0, -0.5, -0.1, 0.1, 0.5, 1.0, 2.0, 4.0)
FEW_K = (-6.0, -2.0, -0.5, 0.5, 2.0)
MOST_ON_A_GRID = 3
"""Proportions; the grid of starts grows as a power of their number."""
SHARES_OF_LEAST = (0.001, 0.3, 0.6, 0.8, 0.9, 0.97)
"""Constants from which fits of more start, as shares of the least loss."""
GAMMA = Shape("gamma", -2.0, 2.0, (-0.1, 0.0, 0.03, 0.1, 0.3, 1.0))


def mixing_law(proportions: int) -> Form:
    """Return Ye's law in so many proportions, columns p, or p1, p2, ... (leave one domain out: they sum to 1)."""
    suffixes = [""] if proportions == 1 else [str(i + 1) for i in range(proportions)]
    keys = [f"p{suffix}" for suffix in suffixes]

    def terms(columns: Columns, theta: FloatArray) -> Terms:
        slopes: Slopes = {2 + i: columns[key] for i, key in enumerate(keys)}
        return log_linear(
            stack_logs(len(columns[keys[0]]), {0: 1.0}, {1: 1.0, **slopes}, parameters=2 + len(keys)), theta
        )

    grid = K_GRID if proportions == 1 else FEW_K
    name, exponents = ("mixing_law", "k p") if proportions == 1 else (f"mixing_law_{proportions}", "sum_i k_i p_i")
    return Form(
        name, f"L = c + exp({exponents} + b)", "Ye et al. 2024, arXiv:2403.16952",
        tuple(Variable(key, "proportion of a domain in the mix", may_be_zero=True) for key in keys),
        (Coefficient("c", may_vanish=True), Coefficient("b", "ln(nats/token)", is_logarithm=True)),
        tuple(Shape(f"k{suffix}", -STEEPEST, STEEPEST, grid) for suffix in suffixes), terms,
        starts=_start_by_regression(keys) if proportions > MOST_ON_A_GRID else None,
    )  # fmt: skip


def _start_by_regression(keys: Sequence[str]) -> Starts:
    """Return starts for many proportions: with c held at a share of the least loss, ln(L - c) is linear in the rest."""

    def starts(columns: Columns, log_loss: FloatArray) -> FloatArray:
        design = np.stack([np.ones(len(log_loss)), *(columns[key] for key in keys)], axis=1)
        log_c = np.log(SHARES_OF_LEAST)[:, None] + log_loss.min()
        rest = log_loss + np.log1p(-np.exp(log_c - log_loss))
        found = np.linalg.lstsq(design, rest.T)[0].T
        return np.concatenate([log_c, found[:, :1], np.clip(found[:, 1:], -STEEPEST, STEEPEST)], axis=1)

    return starts


def _ratio(columns: Columns, theta: FloatArray) -> Terms:
    log_n, log_d, log_p = (np.log(columns[key]) for key in "ndp")
    terms: tuple[Slopes, ...] = ({0: 1.0, 5: -log_p}, {1: 1.0, 3: -log_n, 5: -log_p}, {2: 1.0, 4: -log_d, 5: -log_p})
    return log_linear(stack_logs(len(log_n), *terms, parameters=6), theta)


def _bimix(columns: Columns, theta: FloatArray) -> Terms:
    log_d, log_p = (np.log(columns[key]) for key in "dp")
    terms: tuple[Slopes, ...] = ({0: 1.0, 3: -log_p}, {1: 1.0, 2: -log_d, 3: -log_p})
    return log_linear(stack_logs(len(log_d), *terms, parameters=4), theta)


RATIO_LAW = Form(
    "ratio_law", "L = (E + A / N^alpha + B / D^beta) p^-gamma", "He et al. 2024, arXiv:2410.12883", (N, D, P),
    (E, Coefficient("A"), Coefficient("B")), (exponent("alpha", 14), exponent("beta", 14), GAMMA), _ratio,
)  # fmt: skip
BIMIX = Form(
    "bimix", "L = (C + B / D^beta) p^-alpha", "Ge et al. 2024, arXiv:2405.14908", (D, P),
    (Coefficient("C", may_vanish=True), Coefficient("B")),
    (exponent("beta"), Shape("alpha", GAMMA.low, GAMMA.high, GAMMA.grid)), _bimix,
)  # fmt: skip
