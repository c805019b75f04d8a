"""Errors of prediction: what a law fitted without some points says of them.

A law is for extrapolation, so the error at the largest size, fitted from all others, comes first. Leave-two-out
tells how much single sizes decide. Both are relative errors of the loss.
"""

from itertools import combinations

import numpy as np

from tenbin.scaling.laws.fitting import Fit, fit, refit
from tenbin.scaling.laws.form import Columns, FloatArray, Form

MOST_PAIRS = 100
"""Of values left out; of more, an even sample is taken."""


def held_out(fitted: Fit) -> dict[str, float | None]:
    """Return the root mean squared relative errors; None where too few points would be left."""
    return {"leave_largest_out": leave_largest_out(fitted), "leave_two_out": leave_two_out(fitted)}


def leave_largest_out(fitted: Fit) -> float | None:
    """Return the error at the largest value of the form's first variable, fitted from all others."""
    problem = fitted.problem
    first = problem.columns[problem.form.variables[0].key]
    kept = first < first.max()
    if not _decides(problem.form, problem.columns, kept):
        return None
    losses = np.exp(problem.log_loss[0])
    again = fit(problem.form, problem.estimator, {k: v[kept] for k, v in problem.columns.items()}, losses[kept])
    left = {k: v[~kept] for k, v in problem.columns.items()}
    return _root_mean_square(np.expm1(problem.form.log_loss(left, again.theta)[0] - problem.log_loss[0, ~kept]))


def leave_two_out(fitted: Fit) -> float | None:
    """Return the error at pairs of values of the form's first variable, fitted from all others."""
    problem = fitted.problem
    first = problem.columns[problem.form.variables[0].key]
    pairs = list(combinations(np.unique(first), 2))
    pairs = [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, MOST_PAIRS).astype(int))] if pairs else []
    kept = np.array([~np.isin(first, pair) for pair in pairs])
    if not pairs or not all(_decides(problem.form, problem.columns, row) for row in kept):
        return None
    again = refit(fitted, problem.log_loss, problem.weights * kept)
    errors = np.expm1(problem.form.log_loss(problem.columns, again.theta) - problem.log_loss)
    return _root_mean_square(errors[~kept])


def _decides(form: Form, columns: Columns, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bool:
    varied = [columns[variable.key][kept] for variable in form.variables if variable.must_vary]
    return bool(kept.sum() > len(form.names) and all(len(np.unique(column)) > 1 for column in varied))


def _root_mean_square(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2)))
