"""Fit one law: every start of its grid is tried, the most promising and a spread of others are polished.

How many of the polished restarts agree is part of the result: a comparison of laws by failed minimisations
has reversed rankings before. Where few agree, read the fit with suspicion.
"""

from dataclasses import dataclass

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.form import Columns, FloatArray, Form
from tenbin.scaling.laws.solver import Minima, Problem, minimise
from tenbin.scaling.laws.starts import starting_points

BEST_STARTS, SPREAD_STARTS = 8, 8
AGREEMENT = 1e-6
"""Relative difference of objectives up to which restarts agree."""
ROUNDING = 1e-20
"""Objective a point below which a fit is exact and restarts agree."""


@dataclass(frozen=True)
class Fit:
    """A law fitted to a table."""

    problem: Problem
    theta: FloatArray
    """(1, parameters)."""
    objective: float
    restarts: int
    restart_agreement: float
    """Share of the restarts that came within 1e-6 of the best objective."""

    @property
    def residuals(self) -> FloatArray:
        """Return ln Lhat - ln L (points,)."""
        problem = self.problem
        return np.asarray((problem.form.log_loss(problem.columns, self.theta) - problem.log_loss)[0])

    @property
    def parameters(self) -> dict[str, float]:
        """Return the parameters by the names of the literature."""
        return {name: float(value[0]) for name, value in self.problem.form.natural(self.theta).items()}


def fit(form: Form, estimator: Estimator, columns: Columns, losses: FloatArray) -> Fit:
    """Fit a form to losses (points,), nats per token.

    Raises UserError if there are not more points than parameters, or no start gives a finite loss.
    """
    if len(losses) <= len(form.names):
        raise UserError(
            f"{len(losses)} points cannot decide the {len(form.names)} parameters of {form.name} "
            f"({', '.join(form.names)}); give at least {len(form.names) + 1}, or choose a smaller form"
        )
    log_loss = np.log(losses)[None]
    problem = Problem(form, estimator, columns, log_loss, estimator.weights(losses)[None])
    found = minimise(problem, _choose(problem, starting_points(form, columns, log_loss[0])))
    return _best(problem, found)


def refit(fitted: Fit, log_loss: FloatArray, weights: FloatArray) -> Minima:
    """Fit again from the fit's minimum: other ln L (rows or 1, points), or weights of that shape."""
    rows = max(len(log_loss), len(weights))
    problem = Problem(fitted.problem.form, fitted.problem.estimator, fitted.problem.columns, log_loss, weights)
    return minimise(problem, np.repeat(fitted.theta, rows, axis=0))


def _choose(problem: Problem, starts: FloatArray) -> FloatArray:
    objective = problem.objective(starts)
    ranked = starts[np.argsort(objective)][: np.isfinite(objective).sum()]
    if not len(ranked):
        raise UserError(f"no start of {problem.form.name} gives a finite loss; check the units of its columns")
    spread = np.linspace(0, len(ranked) - 1, SPREAD_STARTS + 1).astype(np.intp)[1:]
    return np.concatenate([ranked[:BEST_STARTS], ranked[spread]])


def _best(problem: Problem, found: Minima) -> Fit:
    objective = found.objective
    best = int(objective.argmin())
    exact = ROUNDING * problem.log_loss.shape[1]
    agreeing = objective <= objective[best] * (1 + AGREEMENT) + exact
    theta = found.theta[best : best + 1]
    return Fit(problem, theta, float(objective[best]), len(objective), float(agreeing.mean()))
