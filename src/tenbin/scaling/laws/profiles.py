"""Profile intervals: how far a parameter can go while all others follow, before the fit is significantly worse.

With an unknown error variance the 95 % interval is {theta: S(theta) <= S_min (1 + F / (n - p))}, F the quantile of
F(1, n - p) (Bates and Watts 1988, section 6.1). Unlike a bootstrap over a handful of rows it covers at six
points, and it tells when a parameter is not identified: then no value within reach makes the fit worse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from tenbin.errors import UserError
from tenbin.scaling.laws.fitting import Fit
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.laws.solver import Problem, expand, minimise

FIRST_STEP = 0.01
NUM_DOUBLINGS = 16
NUM_SECANTS = 6
CURVE = np.linspace(0.0, 1.25, 26)[1:]
"""Where a kept curve is evaluated, in units of the distance to the interval's end."""


@dataclass(frozen=True)
class Profile:
    """One parameter's profile, values as the literature has them."""

    name: str
    value: float
    low: float
    high: float
    identified: bool
    values: FloatArray
    """Where the profile was evaluated (points of the curve,)."""
    ratio: FloatArray
    """S / S_min there; the interval ends where it is 1 + F / (n - p)."""


@dataclass(frozen=True)
class Ends:
    """Ends of many intervals, arrays (rows, parameters) of theta; NaN where a profile does not close."""

    low: FloatArray
    high: FloatArray
    theta: FloatArray
    """The constrained minima there: (2, rows, parameters, parameters), low ends first."""


def profile(fitted: Fit, confidence: float = 0.95) -> list[Profile]:
    """Return the profiles of all parameters.

    Raises UserError where the estimator is no least squares, whose F distribution the interval rests on.
    """
    if not fitted.problem.estimator.is_least_squares:
        raise UserError("profile intervals need a least-squares estimator: choose log, relative or absolute")
    ends = profile_ends(fitted.problem, fitted.theta, confidence)
    return [_describe(fitted, ends, i) for i in range(fitted.theta.shape[1])]


def profile_ends(problem: Problem, theta: FloatArray, confidence: float = 0.95) -> Ends:
    """Return the profile intervals of all rows of a problem at their minima theta (rows, parameters)."""
    rows, parameters = theta.shape
    row, which, sign = (a.ravel() for a in np.meshgrid(range(rows), range(parameters), (-1, 1), indexing="ij"))
    search = _Search(problem.rows(row), theta[row], which, sign, _limit(problem, theta, confidence)[row])
    offset = search.find_ends()
    moved = theta[row, which] + sign * offset
    shape = (rows, parameters, 2)
    low, high = np.moveaxis(moved.reshape(shape), 2, 0)
    return Ends(low, high, np.moveaxis(search.inner.reshape(*shape, parameters), 2, 0))


def _limit(problem: Problem, theta: FloatArray, confidence: float) -> FloatArray:
    num_points, num_parameters = problem.log_loss.shape[1], theta.shape[1]
    freedom = num_points - num_parameters
    rounding = 1e-24 * num_points
    ratio = 1 + f_distribution.ppf(confidence, 1, freedom) / freedom
    return np.asarray((problem.objective(theta) + rounding) * ratio)


class _Search:
    """Walks one parameter a row away from the minimum, the others following, until the objective passes its limit."""

    def __init__(
        self, problem: Problem, theta: FloatArray, which: NDArray[np.intp], sign: NDArray[np.intp], limit: FloatArray
    ) -> None:
        self.problem, self.theta, self.which, self.sign, self.limit = problem, theta, which, sign, limit
        self.everything = np.arange(len(theta))
        self.fixed = np.zeros(theta.shape, bool)
        self.fixed[self.everything, which] = True
        self.inner = theta.copy()
        low, high = problem.form.bounds()
        room = np.where(
            sign > 0, high[which] - theta[self.everything, which], theta[self.everything, which] - low[which]
        )
        self.room = np.asarray(room)

    def find_ends(self) -> FloatArray:
        """Return the offset (rows,) of each end, NaN where none was found."""
        inside, outside, excess_in, excess_out = self._bracket()
        found = np.flatnonzero(np.isfinite(outside))
        root = np.full(len(outside), np.nan)
        for _ in range(NUM_SECANTS):
            share = excess_in[found] / (excess_in[found] - excess_out[found])
            tried = inside[found] + np.clip(share, 0.05, 0.95) * (outside[found] - inside[found])
            excess = self._excess(found, tried)
            below = excess <= 0
            inside[found[below]], excess_in[found[below]] = tried[below], excess[below]
            outside[found[~below]], excess_out[found[~below]] = tried[~below], excess[~below]
        gap = excess_in[found] - excess_out[found]
        root[found] = inside[found] + excess_in[found] / gap * (outside[found] - inside[found])
        return root

    def _bracket(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        inside, outside = np.zeros(len(self.theta)), np.full(len(self.theta), np.inf)
        excess_in, excess_out = -np.sqrt(self._span()), np.ones(len(self.theta))
        step, walking = self._first_steps(), self.everything
        for _ in range(NUM_DOUBLINGS):
            tried = np.minimum(inside[walking] + step[walking], self.room[walking])
            excess = self._excess(walking, tried)
            out = excess > 0
            outside[walking[out]], excess_out[walking[out]] = tried[out], excess[out]
            inside[walking[~out]], excess_in[walking[~out]] = tried[~out], excess[~out]
            step[walking] *= 2
            walking = walking[~out & (tried < self.room[walking])]
            if not len(walking):
                break
        return inside, outside, excess_in, excess_out

    def _first_steps(self) -> FloatArray:
        """Return a standard error (rows,) by the curvature, kept sane."""
        majorant = expand(self.problem, self.theta)[2]
        scale = np.sqrt(np.maximum(np.einsum("rpp->rp", majorant), 1e-200))
        matrix = majorant / scale[:, :, None] / scale[:, None] + 1e-10 * np.eye(scale.shape[1])
        variance = np.einsum("rpp->rp", np.linalg.inv(matrix))[self.everything, self.which]
        error = np.sqrt(variance * 2 * self._span()) / scale[self.everything, self.which]
        return np.asarray(np.clip(error, 1e-9, 1.0))

    def _span(self) -> FloatArray:
        return np.asarray(self.limit - self.problem.objective(self.theta))

    def _excess(self, which: NDArray[np.intp], offset: FloatArray) -> FloatArray:
        """Return how far sqrt(objective - minimum), about linear in the offset, lies above its limit."""
        start = self.inner[which].copy()
        start[np.arange(len(which)), self.which[which]] = (
            self.theta[which, self.which[which]] + self.sign[which] * offset
        )
        part = self.problem.rows(which)
        found = minimise(part, start, self.fixed[which])
        base = part.objective(self.theta[which])
        excess = np.sqrt(np.maximum(found.objective - base, 0)) - np.sqrt(self.limit[which] - base)
        within = excess <= 0
        self.inner[which[within]] = found.theta[within]
        return np.asarray(np.nan_to_num(excess, nan=np.inf))


def _describe(fitted: Fit, ends: Ends, i: int) -> Profile:
    parameter = fitted.problem.form.parameters[i]
    low, high = ends.low[0, i], ends.high[0, i]
    value = fitted.theta[0, i]
    may_vanish = getattr(parameter, "may_vanish", False)
    identified = bool(np.isfinite(high) and (np.isfinite(low) or may_vanish))
    values, ratio = _curve(fitted, ends, i)
    natural = [float(parameter.natural(np.array([v]))[0]) for v in (value, low, high)]
    lowest = 0.0 if may_vanish and not np.isfinite(low) else natural[1]
    return Profile(parameter.name, natural[0], lowest, natural[2], identified, parameter.natural(values), ratio)


def _curve(fitted: Fit, ends: Ends, i: int) -> tuple[FloatArray, FloatArray]:
    """Return theta_i and S / S_min from below the low end to above the high one, where they close."""
    starts = [fitted.theta]
    for side in (ends.theta[0, 0, i], ends.theta[1, 0, i]):
        starts.append(fitted.theta + CURVE[:, None] * (side - fitted.theta))
    start = np.concatenate(starts)
    low, high = fitted.problem.form.bounds()
    start = start[np.argsort(start[:, i])].clip(low, high)
    fixed = np.zeros(start.shape, bool)
    fixed[:, i] = True
    found = minimise(fitted.problem, start, fixed)
    return start[:, i], found.objective / max(fitted.objective, 1e-300)
