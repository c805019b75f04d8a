"""Minimise an estimator's objective for many problems of one form at once, by damped Newton steps.

A row is one problem: a start, a resample (other weights) or a replicate (other losses). Its step solves
(H + lambda M) step = -gradient, where H is the exact curvature as far as terms are log-linear and M, the
curvature of a parabola above the estimator's loss, is never negative: lambda near 0 is Newton's method, larger ones
are shorter steps of iterated reweighted least squares (Levenberg 1944, Marquardt 1963, in the metric of
M, so that units do not matter). Rows that have converged are dropped; chunks bound the memory.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.form import Columns, FloatArray, Form, sum_terms

CELLS_PER_CHUNK = 1 << 17
"""Of rows x terms x points: small enough that a step's arrays stay in a core's cache."""
MAX_STEPS = 300
TOLERANCE = 1e-10
"""A row has converged where its next step would lower the objective by less than this share."""
NEGLIGIBLE = 1e-26
"""Objective a point below which only rounding is left."""
LONGEST_LOG_STEP = 10.0
FIRST_DAMPING, LEAST_DAMPING, LARGEST_DAMPING = 0.1, 1e-8, 1e12
RIDGE = 1e-11


@dataclass(frozen=True)
class Problem:
    """Losses to which a form is fitted by an estimator."""

    form: Form
    estimator: Estimator
    columns: Columns
    log_loss: FloatArray
    """ln L (rows, points), or (1, points) for all rows."""
    weights: FloatArray
    """(rows, points), or (1, points) for all rows."""

    def rows(self, which: NDArray[np.intp]) -> "Problem":
        """Return the problem of some rows."""
        pick = [a if len(a) == 1 else a[which] for a in (self.log_loss, self.weights)]
        return replace(self, log_loss=pick[0], weights=pick[1])

    def objective(self, theta: FloatArray) -> FloatArray:
        """Return the objective (rows,) of theta (rows, parameters)."""
        return self.estimator.objective(self.form.log_loss(self.columns, theta) - self.log_loss, self.weights)


@dataclass(frozen=True)
class Minima:
    """What was found, a row a problem."""

    theta: FloatArray
    objective: FloatArray
    converged: NDArray[np.bool_]


def minimise(problem: Problem, start: FloatArray, fixed: NDArray[np.bool_] | None = None) -> Minima:
    """Return the minima from starts (rows, parameters); parameters marked in `fixed`, of that shape, stay."""
    held = np.zeros(start.shape, bool) if fixed is None else fixed
    chunk = max(1, CELLS_PER_CHUNK // (problem.log_loss.shape[1] * start.shape[1]))
    parts = [
        _minimise_chunk(problem, start, held, np.arange(first, min(first + chunk, len(start))))
        for first in range(0, len(start), chunk)
    ]
    return Minima(*(np.concatenate(found) for found in zip(*parts, strict=True)))


def _minimise_chunk(
    problem: Problem, start: FloatArray, fixed: NDArray[np.bool_], which: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    theta, part, held = start[which], problem.rows(which), fixed[which]
    for estimator in problem.estimator.stages:
        theta, converged = _descend(replace(part, estimator=estimator), theta, held)
    return theta, part.objective(theta), converged


def _descend(problem: Problem, start: FloatArray, fixed: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.bool_]]:
    theta, objective = start.copy(), problem.objective(start)
    damping = np.full(len(theta), FIRST_DAMPING)
    converged = np.zeros(len(theta), bool)
    moving: NDArray[np.intp] = np.arange(len(theta))
    floor = NEGLIGIBLE * problem.weights.sum(axis=1).min()
    for _ in range(MAX_STEPS):
        part = problem.rows(moving)
        step, gain = _newton_step(part, theta[moving], damping[moving], fixed[moving])
        tried = theta[moving] + step
        found = part.objective(tried)
        better = found < objective[moving]
        done = (np.abs(gain) <= TOLERANCE * objective[moving] + floor) & (gain >= 0)
        theta[moving] = np.where(better[:, None], tried, theta[moving])
        objective[moving] = np.where(better, found, objective[moving])
        damping[moving] = np.where(better, damping[moving] / 8, np.maximum(damping[moving] * 6, 1e-3))
        damping[moving] = np.maximum(damping[moving], LEAST_DAMPING)
        converged[moving] = done
        moving = moving[~done & (damping[moving] < LARGEST_DAMPING)]
        if not len(moving):
            break
    return theta, converged


def _newton_step(
    problem: Problem, theta: FloatArray, damping: FloatArray, fixed: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return the step (rows, parameters) and by how much it should lower the objective (rows,)."""
    gradient, curvature, majorant = expand(problem, theta)
    low, high = problem.form.bounds()
    held = fixed | ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
    diagonal = np.einsum("rpp->rp", majorant)
    # A term that has vanished has no curvature of its own; its parameter must not take the others' along.
    scale = 1 / np.sqrt(np.maximum(diagonal, 1e-30 * diagonal.max(axis=1, keepdims=True)) + np.finfo(float).tiny)
    scale[held] = 0.0
    matrix = (curvature + damping[:, None, None] * majorant) * scale[:, :, None] * scale[:, None, :]
    matrix += (held * 1.0 + RIDGE)[:, :, None] * np.eye(theta.shape[1])
    step = -_solve(matrix, gradient * scale) * scale
    gain = -(gradient * step).sum(axis=1) / 2
    return step * _shorten(problem, theta, step)[:, None], gain


def _solve(matrix: FloatArray, target: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(matrix, target[..., None])[..., 0])
    except np.linalg.LinAlgError:
        # Exactly singular in one row: this once, all of the chunk take a step nearer to the gradient's.
        return np.asarray(np.linalg.solve(matrix + np.pi * np.eye(matrix.shape[1]), target[..., None])[..., 0])


def _shorten(problem: Problem, theta: FloatArray, step: FloatArray) -> FloatArray:
    """Return the share (rows,) of a step that stays within bounds and is not absurdly long."""
    low, high = problem.form.bounds()
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (high - theta) / step, (low - theta) / step)
        log_room = LONGEST_LOG_STEP / np.abs(step[:, : len(problem.form.coefficients)])
    room[step == 0] = np.inf
    return np.asarray(np.minimum(1.0, np.minimum(room.min(axis=1), log_room.min(axis=1))))


def expand(problem: Problem, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the objective's gradient (rows, parameters), curvature and majorant (rows, parameters, parameters)."""
    eta, slopes = problem.form.terms(problem.columns, theta)
    log_loss, shares = sum_terms(eta)
    parts = problem.estimator.derivatives(log_loss - problem.log_loss)
    slope = problem.weights * parts.slope
    jacobian = jacobian_of(shares, slopes)
    gradient = (jacobian @ slope[..., None])[..., 0]
    transposed = jacobian.transpose(0, 2, 1)
    curvature = (jacobian * (problem.weights * parts.curvature - slope)[:, None]) @ transposed
    curvature += _spread(shares * slope[:, None], slopes)
    majorant = (jacobian * (problem.weights * parts.majorant)[:, None]) @ transposed
    return gradient, curvature, majorant


def jacobian_of(shares: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return the derivatives of ln L (rows, parameters, points) from shares and slopes of the terms."""
    found = shares[:, 0, None] * slopes[:, 0]
    for j in range(1, shares.shape[1]):
        found += shares[:, j, None] * slopes[:, j]
    return found


def _spread(parts: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return sum over terms j and points of parts_j slopes_j slopes_j' (rows, parameters, parameters)."""
    num_parameters = slopes.shape[2]
    if len(slopes) > 1 or len(parts) == 1:
        columns = slopes.transpose(0, 2, 1, 3).reshape(len(slopes), num_parameters, -1)
        return np.asarray((columns * parts.reshape(len(parts), 1, -1)) @ columns.transpose(0, 2, 1))
    # Slopes that all rows share make it one product of matrices.
    pairs = slopes[0][:, :, None] * slopes[0][:, None]
    flat = pairs.transpose(0, 3, 1, 2).reshape(-1, num_parameters**2)
    return np.asarray(parts.reshape(len(parts), -1) @ flat).reshape(-1, num_parameters, num_parameters)
