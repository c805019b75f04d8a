"""Relative least squares by variable projection, for many curves at once.

Minimises sum_i (Lhat(N_i) / L_i - 1)^2. For a given exponent the loss is linear in E and A, so both
follow from a 2 x 2 system with the active set E >= 0, A >= 0, and the search is over the exponent
alone (Golub and Pereyra 1973): a grid, then Gauss-Newton steps with Kaufman's (1975) derivative,
halved where they do not descend. All curves of a bootstrap are fitted in the same few numpy calls.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenbin.scaling.forms import FittedCurves, FloatArray, Form

EXPONENT_BOUNDS = (0.005, 4.0)
"""Bounds of the exponent beside a constant: below, the constant and the power law can't be told apart."""
FREE_EXPONENT_BOUNDS = (-4.0, 4.0)
GRID = np.geomspace(*EXPONENT_BOUNDS, 40)
MAX_STEPS = 200
TOLERANCE = 1e-12


def fit(form: Form, n: FloatArray, losses: FloatArray) -> FittedCurves:
    """Fit a form to losses (curves, sizes) at numbers of parameters n (sizes,)."""
    n0 = float(np.exp(np.log(n).mean()))
    problem = _Problem(np.log(n / n0), 1 / losses, form.has_constant)
    exponent = _polish(problem, _start(problem))
    constant, amplitude = problem.linear_parameters(exponent)
    return FittedCurves(n0, constant, amplitude, exponent)


def exponent_at_bound(form: Form, exponent: float) -> bool:
    """Tell whether a fitted exponent lies at a bound, so that it is no minimum."""
    bounds = EXPONENT_BOUNDS if form.has_constant else FREE_EXPONENT_BOUNDS
    return bool(np.isclose(exponent, bounds, rtol=1e-6).any())


@dataclass(frozen=True)
class _Problem:
    """Columns of the relative residual E u + A u exp(-alpha x) - 1 with x = ln(N/N0) and u = 1/L."""

    x: FloatArray
    u: FloatArray
    has_constant: bool

    def rows(self, which: NDArray[np.intp]) -> "_Problem":
        return _Problem(self.x, self.u[which], self.has_constant)

    def decay(self, exponent: FloatArray) -> FloatArray:
        return np.asarray(self.u * np.exp(-exponent[..., None] * self.x))

    def linear_parameters(self, exponent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the best E and A at each exponent, neither below 0."""
        g = self.decay(exponent)
        if not self.has_constant:
            amplitude = g.sum(-1) / (g * g).sum(-1)
            return np.zeros_like(amplitude), amplitude
        constant, amplitude = _solve(self.u, g, np.ones_like(g))
        only_constant = self.u.sum(-1) / (self.u * self.u).sum(-1)
        only_amplitude = g.sum(-1) / (g * g).sum(-1)
        rising, no_constant = amplitude <= 0, constant <= 0
        return (
            np.where(rising, only_constant, np.where(no_constant, 0.0, constant)),
            np.where(rising, 0.0, np.where(no_constant, only_amplitude, amplitude)),
        )

    def residuals(self, exponent: FloatArray) -> FloatArray:
        constant, amplitude = self.linear_parameters(exponent)
        return np.asarray(constant[..., None] * self.u + amplitude[..., None] * self.decay(exponent) - 1)

    def newton_step(self, exponent: FloatArray) -> FloatArray:
        """Return Kaufman's Gauss-Newton step: the derivative at fixed E and A, its linear part projected out."""
        constant, amplitude = self.linear_parameters(exponent)
        g = self.decay(exponent)
        slope = -self.x * g * amplitude[..., None]
        projected = slope - (_project(self.u, g, slope) if self.has_constant else _project_one(g, slope))
        alone = slope - _project_one(g, slope)
        direction = np.where((constant > 0)[..., None], projected, alone)
        curvature = (direction * direction).sum(-1)
        descent = -(direction * self.residuals(exponent)).sum(-1)
        step: FloatArray = np.divide(descent, curvature, out=np.zeros_like(descent), where=curvature > 0)
        return step


def _start(problem: _Problem) -> FloatArray:
    if problem.has_constant:
        tried = np.broadcast_to(GRID[:, None], (len(GRID), len(problem.u)))
        squares = (problem.residuals(tried) ** 2).sum(-1)
        return np.asarray(GRID[squares.argmin(0)])
    log_loss = -np.log(problem.u)
    return np.asarray(-(problem.x * log_loss).sum(-1) / (problem.x**2).sum())


def _polish(problem: _Problem, exponent: FloatArray) -> FloatArray:
    low, high = EXPONENT_BOUNDS if problem.has_constant else FREE_EXPONENT_BOUNDS
    exponent = np.clip(exponent, low, high)
    squares = (problem.residuals(exponent) ** 2).sum(-1)
    scale = np.ones_like(exponent)
    moving: NDArray[np.intp] = np.arange(len(exponent))
    for _ in range(MAX_STEPS):
        part = problem.rows(moving)
        step = scale[moving] * part.newton_step(exponent[moving])
        tried = np.clip(exponent[moving] + step, low, high)
        tried_squares = (part.residuals(tried) ** 2).sum(-1)
        better = tried_squares < squares[moving]
        moved = np.abs(tried - exponent[moving])
        exponent[moving] = np.where(better, tried, exponent[moving])
        squares[moving] = np.where(better, tried_squares, squares[moving])
        scale[moving] = np.where(better, np.minimum(1, 2 * scale[moving]), scale[moving] / 2)
        moving = moving[moved > TOLERANCE]
        if not len(moving):
            break
    return exponent


def _solve(first: FloatArray, second: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least-squares coefficients of two columns; all arrays (..., sizes)."""
    aa, bb, ab = (first * first).sum(-1), (second * second).sum(-1), (first * second).sum(-1)
    at, bt = (first * target).sum(-1), (second * target).sum(-1)
    determinant = aa * bb - ab * ab
    return (at * bb - bt * ab) / determinant, (bt * aa - at * ab) / determinant


def _project(first: FloatArray, second: FloatArray, target: FloatArray) -> FloatArray:
    one, two = _solve(first, second, target)
    return np.asarray(one[..., None] * first + two[..., None] * second)


def _project_one(column: FloatArray, target: FloatArray) -> FloatArray:
    share = (column * target).sum(-1) / (column * column).sum(-1)
    return np.asarray(share[..., None] * column)
