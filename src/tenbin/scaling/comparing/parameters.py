"""What a ratio of losses is worth in parameters, size by size, by the fitted curve of the language alone.

The effective-parameter ratio is the N that the language alone needs for the mix's loss, over the mix's own N: where the
fitted curve of the language alone has changed by the measured loss ratio, so that the fit's residuals do not pass for
an effect of the mix. It is given only where that curve was measured, within a factor of two.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tenbin.scaling.comparing.cells import with_ends
from tenbin.scaling.comparing.noise import Estimate
from tenbin.scaling.curves import choose_form, curve_arrays, reason_not_fitted, replicate_means
from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FittedCurves, FloatArray
from tenbin.scaling.intervals import NUM_REPLICATES, ReplicatedLosses, interval, random_generator
from tenbin.scaling.points import Curve, SizePoints

RANGE_FACTOR = 2.0
"""How far beyond the measured sizes the curve of one language alone is trusted."""


@dataclass(frozen=True)
class ParameterWorth:
    """The fitted curve of the language alone, in one definition of N."""

    definition: str
    reason: str | None
    """Why there is no fitted curve; the rest is then None."""
    curve: FittedCurves | None = None
    replicates: FittedCurves | None = None
    limits: tuple[float, float] = (0.0, 0.0)

    def describe(self, size: SizePoints, ratio: Estimate, margin: float) -> dict[str, Any]:
        """Return the effective-parameter ratio of a size, its interval, why either is missing, and the margin's worth.

        The estimate is of ln(mix / alone). Curves are drawn by documents and seeds, the ratio by its own t
        distribution, so that an interval holds 1 where the ratio's does.
        """
        drawn = np.exp(ratio.draw(NUM_REPLICATES, random_generator("effective", size.size)))
        value, ends, note = self._measure(size, float(np.exp(ratio.mean)), drawn)
        name = f"effective_{self.definition}"
        columns = {**with_ends(f"{name}_ratio", value, ends), f"{name}_note": note}
        return columns | {f"margin_in_{self.definition}": self._weigh_margin(size, margin)}

    def _weigh_margin(self, size: SizePoints, margin: float) -> float | None:
        """Return how many times a size's N brings the language alone a loss lower by the margin."""
        if self.curve is None:
            return None
        n = size.n[self.definition]
        needed = float(_n_at_ratio(self.curve, n, np.array([1 / (1 + margin)]))[0])
        return needed / n if needed <= self.limits[1] else None

    def _measure(
        self, size: SizePoints, ratio: float, ratios: FloatArray
    ) -> tuple[float | None, list[float | None] | None, str]:
        if self.curve is None or self.replicates is None:
            return None, None, f"the language alone is not fitted: {self.reason}"
        n = size.n[self.definition]
        low, high = self.limits
        needed = float(_n_at_ratio(self.curve, n, np.array([ratio]))[0])
        if not low <= needed <= high:
            side = "above" if needed > high else "below"
            return (
                None,
                None,
                f"the language alone would need N {side} {low:.6g} to {high:.6g}, the range it is fitted in",
            )
        ends = interval(np.clip(_n_at_ratio(self.replicates, n, ratios), low, high))
        # An end at a limit lies somewhere beyond it.
        inside = [None if end in self.limits else end / n for end in ends or ()]
        return needed / n, inside or None, "an end of the interval lies beyond the range" if None in inside else ""


def fit_worth(mono: Curve, definition: str, replicated: ReplicatedLosses) -> ParameterWorth:
    """Fit the curve of the language alone, and its replicates of documents and seeds."""
    reason = reason_not_fitted(mono, definition)
    if reason:
        return ParameterWorth(definition, reason)
    n, losses = curve_arrays(mono, definition)
    form = choose_form(n, losses).form
    curve, replicates = fit(form, n, losses[None]), fit(form, n, replicate_means(mono, replicated))
    return ParameterWorth(definition, None, curve, replicates, (n.min() / RANGE_FACTOR, n.max() * RANGE_FACTOR))


def _n_at_ratio(curves: FittedCurves, n: float, ratio: FloatArray) -> FloatArray:
    """Return where each curve's loss is its loss at n times its ratio; arrays (curves,)."""
    return curves.n_at(curves.loss_at(np.array([n]))[:, 0] * ratio)
