"""Where fits start: for every shape on a grid the best coefficients follow from a linear problem.

Variable projection (Golub and Pereyra 1973): with the shapes fixed, L is linear in its coefficients, and
sum (Lhat/L - 1)^2 has its least over coefficients >= 0 among the solutions of all subsets of terms.
"""

from itertools import combinations

import numpy as np

from tenbin.scaling.laws.form import Columns, FloatArray, Form

SMALLEST_SHARE = 1e-3
"""Of the mean relative loss; a coefficient that starts at 0 could never leave it by its logarithm."""
LARGEST_GRID = 20_000


def starting_points(form: Form, columns: Columns, log_loss: FloatArray) -> FloatArray:
    """Return theta (starts, parameters): the grid of shapes, each with its best coefficients, for ln L (points,)."""
    if form.starts is not None:
        return form.starts(columns, log_loss)
    grids = np.meshgrid(*(shape.grid for shape in form.shapes), indexing="ij")
    shapes = np.stack([grid.ravel() for grid in grids], axis=1)
    assert len(shapes) <= LARGEST_GRID, f"the grid of {form.name} is too large"
    if form.lift is not None:
        return np.concatenate([form.lift(columns, shapes, log_loss), shapes], axis=1)
    bare = np.concatenate([np.zeros((len(shapes), len(form.coefficients))), shapes], axis=1)
    return np.concatenate([nonnegative(form.terms(columns, bare)[0], log_loss), shapes], axis=1)


def nonnegative(logs: FloatArray, log_loss: FloatArray) -> FloatArray:
    """Return ln c (rows, terms) of the c >= 0 that bring sum_j c_j exp(logs_j) nearest to the loss, relatively.

    logs (rows, terms, points), log_loss (points,) or (rows, points). Coefficients of 0 become small ones.
    """
    relative = logs - np.expand_dims(log_loss, -2)
    scale = relative.max(axis=2, keepdims=True)
    columns = np.exp(relative - scale)
    found = np.maximum(_best_subset(columns), SMALLEST_SHARE / columns.mean(axis=2))
    return np.asarray(np.log(found) - scale[..., 0])


def _best_subset(columns: FloatArray) -> FloatArray:
    rows, num_terms, num_points = columns.shape
    gram, target = columns @ columns.transpose(0, 2, 1), columns.sum(axis=2)
    best, least = np.zeros((rows, num_terms)), np.full(rows, float(num_points))
    for size in range(1, num_terms + 1):
        for subset in map(list, combinations(range(num_terms), size)):
            found = _solve(gram[:, subset][:, :, subset], target[:, subset])
            squares = num_points - (found * target[:, subset]).sum(axis=1)
            better = (found >= 0).all(axis=1) & (squares < least)
            best[better] = 0.0
            best[np.ix_(better, subset)] = found[better]
            least[better] = squares[better]
    return best


def _solve(gram: FloatArray, target: FloatArray) -> FloatArray:
    # Two equal columns (an exponent near 0 beside a constant) are no error on a grid of starts.
    ridge = 1e-13 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(gram.shape[1])
    return np.asarray(np.linalg.solve(gram + ridge, target[..., None])[..., 0])
