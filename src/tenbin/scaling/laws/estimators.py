"""How a fitted law is held against losses: least squares, Huber's loss or absolute deviations, of logarithms.

Residuals are r = ln Lhat - ln L; relative least squares takes Lhat/L - 1 = expm1(r). Huber's loss (Huber 1964)
is what Hoffmann et al. 2022 use, with delta = 1e-3. Least absolute deviations are its limit: `stages` names the
deltas that lead there. The parameters depend on the estimator (B of the Chinchilla points goes from 2,085 to
4,876), so each result names it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.form import FloatArray

Kind = Literal["huber", "log", "relative", "absolute", "lad"]
FORMULAS: dict[Kind, str] = {
    "huber": "sum Huber_delta(ln Lhat - ln L)",
    "log": "sum (ln Lhat - ln L)^2 / 2",
    "relative": "sum (Lhat / L - 1)^2 / 2",
    "absolute": "sum (Lhat - L)^2 / 2",
    "lad": "sum |ln Lhat - ln L|",
}
KINDS = tuple(FORMULAS)
LAD_DELTAS = tuple(10.0 ** (-k / 2) for k in range(6, 19))
"""Down to 1e-9, where the sum of absolute deviations is the objective over delta to 1e-9 a point."""


class Derivatives(NamedTuple):
    """Of each point's part in the objective by r, arrays like r."""

    slope: FloatArray
    curvature: FloatArray
    majorant: FloatArray
    """Curvature of a parabola that lies above: slope / r where that is defined; never negative."""


@dataclass(frozen=True)
class Estimator:
    """What is minimised; delta is for Huber's loss alone."""

    kind: Kind
    delta: float | None = None

    def __post_init__(self) -> None:
        if (self.kind == "huber") != (self.delta is not None):
            raise UserError("delta belongs to the huber estimator and to no other; it is in units of ln(loss)")
        if self.delta is not None and not 0 < self.delta < np.inf:
            raise UserError(f"delta is {self.delta}; it must be above 0, in units of ln(loss): 0.001 is usual")

    @property
    def is_least_squares(self) -> bool:
        """Tell whether the objective is half a sum of squares."""
        return self.kind in ("log", "relative", "absolute")

    @property
    def stages(self) -> tuple["Estimator", ...]:
        """Return the estimators whose minima lead to this one's."""
        if self.kind == "lad":
            return tuple(Estimator("huber", delta) for delta in LAD_DELTAS)
        return (self,)

    def weights(self, losses: FloatArray) -> FloatArray:
        """Return the weights of points: absolute least squares are relative ones with weights L^2."""
        return losses * losses if self.kind == "absolute" else np.ones_like(losses)

    def objective(self, r: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the objective (rows,) of residuals (rows, points) with weights of points."""
        return np.asarray((weights * self._losses(r)).sum(axis=-1))

    def derivatives(self, r: FloatArray) -> Derivatives:
        """Return what a Newton step needs. Raises ValueError for `lad`, which is fitted by its stages."""
        if self.kind == "log":
            return Derivatives(r, np.ones_like(r), np.ones_like(r))
        if self.kind in ("relative", "absolute"):
            ratio = np.exp(r)
            return Derivatives((ratio - 1) * ratio, (2 * ratio - 1) * ratio, ratio * ratio)
        if self.delta is None:
            raise ValueError("absolute deviations have no second derivative; minimise the stages one by one")
        size = np.abs(r)
        inside = (size <= self.delta).astype(np.float64)
        return Derivatives(np.clip(r, -self.delta, self.delta), inside, self.delta / np.maximum(size, self.delta))

    def _losses(self, r: FloatArray) -> FloatArray:
        if self.kind == "lad":
            return np.abs(r)
        if self.kind in ("relative", "absolute"):
            return np.asarray(np.expm1(r) ** 2 / 2)
        if self.delta is None:
            return r * r / 2
        inside = np.clip(r, -self.delta, self.delta)
        return np.asarray(inside * (r - inside / 2))
