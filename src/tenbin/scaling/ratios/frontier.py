"""The frontier of one size: what a share r of the second language buys in it and costs in the first.

Both languages are in bits per byte, the one unit in which they may be added. The laws give the losses at every r
between the measured ones; r stays where both languages have a measured proportion on either side, so that nothing is
extrapolated. A choice is then a number that follows from two fitted laws.

Intervals are the central 95 % of replicates, each of which draws documents and seeds anew, moves every point by what
points scatter about the law, and fits both laws again. The scatter's own variance is drawn too, by its degrees of
freedom, as in a t interval. An interval does not hold the error of the form: `by_form` says what the other one chooses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.scaling.intervals import NUM_REPLICATES, interval, random_generator
from tenbin.scaling.laws.fitting import refit
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.ratios.laws import SizeFit
from tenbin.scaling.ratios.sweep import SizeLosses

WEIGHTS = (0.25, 0.5, 0.75)
"""Of the first language's bits per byte in the mean that is minimised."""
NUM_SHARES = 1001
NUM_DRAWN = 51
"""Of the curve that ratio.json holds."""


@dataclass(frozen=True)
class Frontier:
    """Both laws of one size over r: bits per byte (rows, shares), and the same of each language alone (rows, 1)."""

    r: FloatArray
    first: FloatArray
    second: FloatArray
    first_alone: FloatArray
    second_alone: FloatArray


Choice = Callable[[Frontier], FloatArray]
"""Gives r (rows,)."""


def least_mean(weight: float) -> Choice:
    """Return the choice of r that minimises weight * first + (1 - weight) * second."""

    def choose(frontier: Frontier) -> FloatArray:
        mean = weight * frontier.first + (1 - weight) * frontier.second
        return np.asarray(frontier.r[mean.argmin(axis=1)])

    return choose


def equal_cost(frontier: Frontier) -> FloatArray:
    """Return the r at which both languages lose the same share of what each reaches alone."""
    excess = np.log(frontier.first / frontier.first_alone) - np.log(frontier.second / frontier.second_alone)
    return np.asarray(frontier.r[np.abs(excess).argmin(axis=1)])


CHOICES: dict[str, Choice] = {f"weight_{weight}": least_mean(weight) for weight in WEIGHTS} | {"equal_cost": equal_cost}


@dataclass(frozen=True)
class Chosen:
    """One choice at one size."""

    r: float
    replicates: FloatArray
    by_form: Mapping[str, float]
    at_edge: bool
    """Whether r is an end of the measured range, so that the best lies there or beyond."""

    def describe(self) -> dict[str, Any]:
        """Return the choice as it stands in ratio.json."""
        ends = interval(self.replicates)
        return {"r": self.r, "interval": ends, "by_form": dict(self.by_form), "at_edge": self.at_edge}


def describe_frontier(pair: Sequence[Mapping[str, SizeFit]], form: str) -> tuple[dict[str, Any], dict[str, Chosen]]:
    """Return a size's frontier and its choices by the chosen form; `pair` holds both languages' fits by form."""
    frontiers = {name: trace(pair[0][name], pair[1][name]) for name in pair[0]}
    replicates = trace(pair[0][form], pair[1][form], replicated=True)
    chosen = {
        name: _choose(choice, {form: frontiers[form]} | frontiers, replicates) for name, choice in CHOICES.items()
    }
    size = pair[0][form].size
    content = {
        "size": size.size,
        "n_nonembedding": size.n_nonembedding,
        "curve": _describe_curve(frontiers[form], replicates),
        "choices": {name: choice.describe() for name, choice in chosen.items()},
    }
    return content, chosen


def trace(first: SizeFit, second: SizeFit, *, replicated: bool = False) -> Frontier:
    """Return both laws over r, of the fits (one row) or of their replicates."""
    low, high = _range(first.size, second.size)
    r = np.linspace(low, high, NUM_SHARES)
    sides = []
    for fitted, p in ((first, 1 - r), (second, r)):
        theta = _replicate(fitted) if replicated else fitted.fitted.theta
        for at in (p, np.ones(1)):
            sides.append(np.exp(fitted.log_loss(at, theta)) * fitted.size.bits_per_byte)
    return Frontier(r, sides[0], sides[2], sides[1], sides[3])


def describe_movement(n: Sequence[float], chosen: Sequence[Chosen]) -> dict[str, Any] | None:
    """Return the slope of logit r in ln N with its interval; None with one size."""
    if len(n) < 2:
        return None
    log_n = np.log(n) - np.log(n).mean()
    slopes = [log_n @ _logit(r) / (log_n @ log_n) for r in _stack(chosen)]
    ends = interval(slopes[1])
    return {"logit_slope_per_ln_n": float(slopes[0][0]), "interval": ends, "verdict": _judge(ends, chosen)}


def _range(first: SizeLosses, second: SizeLosses) -> tuple[float, float]:
    return float(second.r[second.p > 0].min()), float(first.r[first.p > 0].max())


def _replicate(fitted: SizeFit) -> FloatArray:
    """Return theta (replicates, parameters)."""
    size, (scatter, freedom) = fitted.size, fitted.scatter
    there = size.p > 0
    generator = random_generator("scatter", size.size, *size.mixes, f"{size.p[0]}")
    spread = scatter * np.sqrt(freedom / generator.chisquare(freedom, (NUM_REPLICATES, 1)))
    moved = size.replicates[:, there] + spread * generator.standard_normal((NUM_REPLICATES, there.sum()))
    return refit(fitted.fitted, moved, fitted.fitted.problem.weights).theta


def _choose(choice: Choice, frontiers: Mapping[str, Frontier], replicates: Frontier) -> Chosen:
    by_form = {name: float(choice(frontier)[0]) for name, frontier in frontiers.items()}
    r = next(iter(by_form.values()))
    return Chosen(r, choice(replicates), by_form, at_edge=r in (replicates.r[0], replicates.r[-1]))


def _describe_curve(frontier: Frontier, replicates: Frontier) -> dict[str, Any]:
    kept: NDArray[np.intp] = np.linspace(0, NUM_SHARES - 1, NUM_DRAWN).astype(np.intp)
    content: dict[str, Any] = {"r": frontier.r[kept].tolist()}
    for side in ("first", "second"):
        bands = np.quantile(getattr(replicates, side)[:, kept], [0.025, 0.975], axis=0)
        content[side] = {
            "bits_per_byte": getattr(frontier, side)[0, kept].tolist(),
            "low": bands[0].tolist(),
            "high": bands[1].tolist(),
        }
    return content


def _stack(chosen: Sequence[Chosen]) -> tuple[FloatArray, FloatArray]:
    """Return r (sizes, 1) and its replicates (sizes, replicates)."""
    return np.array([[choice.r] for choice in chosen]), np.stack([choice.replicates for choice in chosen])


def _logit(r: FloatArray) -> FloatArray:
    return np.asarray(np.log(r / (1 - r)))


def _judge(ends: list[float] | None, chosen: Sequence[Chosen]) -> str:
    if any(choice.at_edge for choice in chosen):
        return "cannot be told: at some size the choice lies at the end of the measured range"
    if ends is None or ends[0] <= 0 <= ends[1]:
        return "cannot be told"
    return "rises with size" if ends[0] > 0 else "falls with size"
