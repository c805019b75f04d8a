"""What a law is: a sum of positive terms whose logarithms are smooth in the parameters.

Every law here is L = sum_j exp(eta_j(x; theta)). Then ln L is a log-sum-exp, which neither overflows nor
cancels, its gradient is sum_j s_j d eta_j with the shares s = softmax(eta), and the curvature that an exact
Newton step needs is a product of matrices. theta holds the logarithms of the coefficients, so that they
stay positive (a vanishing one is a share that reaches 0), and then the shape parameters within bounds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]
"""Values of each variable by key, arrays (points,)."""


@dataclass(frozen=True)
class Variable:
    """A column that a law reads."""

    key: str
    meaning: str
    may_be_zero: bool = False
    must_vary: bool = True


@dataclass(frozen=True)
class Coefficient:
    """A positive factor of a term, fitted by its logarithm."""

    name: str
    unit: str = "nats/token"
    may_vanish: bool = False
    """Whether the law makes sense at 0, as it does without its constant."""
    is_logarithm: bool = False
    """Whether the literature's parameter is the logarithm itself."""

    def natural(self, theta: FloatArray) -> FloatArray:
        """Return the parameter in the literature's own terms."""
        return theta if self.is_logarithm else np.exp(theta)


@dataclass(frozen=True)
class Shape:
    """A parameter that bends terms: its bounds and the values from which fits start."""

    name: str
    low: float
    high: float
    grid: tuple[float, ...]
    unit: str = "1"

    def natural(self, theta: FloatArray) -> FloatArray:
        """Return the parameter itself."""
        return theta


Terms = tuple[FloatArray, FloatArray]
"""eta (rows, terms, points), and its derivatives (rows or 1, terms, parameters, points)."""
Slopes = dict[int, FloatArray | float]
"""Slopes of a term by parameter number, each (points,) or one for all."""
Lift = Callable[[Columns, FloatArray, FloatArray], FloatArray]
Starts = Callable[[Columns, FloatArray], FloatArray]


@dataclass(frozen=True)
class Form:
    """A family of laws."""

    name: str
    formula: str
    source: str
    variables: tuple[Variable, ...]
    coefficients: tuple[Coefficient, ...]
    shapes: tuple[Shape, ...]
    terms: Callable[[Columns, FloatArray], Terms]
    lift: Lift | None = None
    """Starting coefficients (rows, coefficients) of shapes (rows, shapes) and ln L (points,), where they are not
    linear in the loss."""
    starts: Starts | None = None
    """Starting theta (starts, parameters) of ln L (points,), where a grid of many shapes would be too large."""

    @property
    def parameters(self) -> tuple[Coefficient | Shape, ...]:
        """Return all parameters in the order of theta."""
        return (*self.coefficients, *self.shapes)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all parameters, as the literature has them."""
        return tuple(parameter.name for parameter in self.parameters)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the least and largest theta; coefficients are unbounded."""
        free = [np.inf] * len(self.coefficients)
        low = [-value for value in free] + [shape.low for shape in self.shapes]
        return np.array(low), np.array(free + [shape.high for shape in self.shapes])

    def log_loss(self, columns: Columns, theta: FloatArray) -> FloatArray:
        """Return ln L (rows, points) of theta (rows, parameters)."""
        return sum_terms(self.terms(columns, theta)[0])[0]

    def natural(self, theta: FloatArray) -> dict[str, FloatArray]:
        """Return parameters by name, arrays (rows,), of theta (rows, parameters)."""
        return {parameter.name: parameter.natural(theta[:, i]) for i, parameter in enumerate(self.parameters)}

    def theta(self, **values: float) -> FloatArray:
        """Return theta (1, parameters) of parameters by name."""
        logs = {c.name for c in self.coefficients if not c.is_logarithm}
        with np.errstate(divide="ignore"):
            return np.array([[np.log(values[name]) if name in logs else values[name] for name in self.names]])


def sum_terms(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the log-sum-exp (rows, points) over terms and their shares (rows, terms, points)."""
    largest = eta.max(axis=1, keepdims=True)
    shares = np.exp(eta - largest)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    return np.asarray((largest + np.log(total))[:, 0]), shares


def log_linear(logs: FloatArray, theta: FloatArray, present: FloatArray | None = None) -> Terms:
    """Return terms whose logarithms are linear in theta: eta_j = sum_p theta_p logs_jp.

    logs (terms, parameters, points); a term is absent where `present` (terms, points) is 0.
    """
    num_terms, num_parameters, num_points = logs.shape
    flat = logs.transpose(1, 0, 2).reshape(num_parameters, -1)
    # A coefficient of 0 has the logarithm -inf, which times a zero slope is no number.
    eta = (np.maximum(theta, -1e6) @ flat).reshape(len(theta), num_terms, num_points)
    if present is not None:
        eta = np.where(present > 0, eta, -np.inf)
    return eta, logs[None]


def stack_logs(num_points: int, *terms: Slopes, parameters: int) -> FloatArray:
    """Return logs (terms, parameters, points) of each term's slopes by parameter number; what is not named is 0."""
    logs = np.zeros((len(terms), parameters, num_points))
    for j, slopes in enumerate(terms):
        for parameter, slope in slopes.items():
            logs[j, parameter] = slope
    return logs
