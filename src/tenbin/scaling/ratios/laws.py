"""Laws of the proportion at one size: the fits, and what each says of a proportion that was left out.

Every point is a mean over seeds: what a law misses it misses with every seed, and rows that repeat it would make
intervals too narrow. Proportion 0 is in no fit: the ratio law is infinite there. What the mixing law says of it is
an extrapolation, set beside what was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenbin.scaling.intervals import interval
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import Fit, fit, refit
from tenbin.scaling.laws.form import FloatArray, Form
from tenbin.scaling.laws.profiles import profile
from tenbin.scaling.ratios.forms import FORMS, over_sizes
from tenbin.scaling.ratios.sweep import SizeLosses

ESTIMATOR = Estimator("log")


@dataclass(frozen=True)
class SizeFit:
    """One form fitted to one size's losses at proportions above 0."""

    size: SizeLosses
    fitted: Fit

    @property
    def form(self) -> Form:
        """Return the form."""
        return self.fitted.problem.form

    @property
    def scatter(self) -> tuple[float, int]:
        """Return the standard deviation of a point about the law (relative), and its degrees of freedom."""
        freedom = len(self.fitted.residuals) - len(self.form.names)
        return float(np.sqrt((self.fitted.residuals**2).sum() / freedom)), freedom

    def log_loss(self, p: FloatArray, theta: FloatArray | None = None) -> FloatArray:
        """Return ln L (rows, points) at proportions p (points,), of the fit or of other theta (rows, parameters)."""
        return self.form.log_loss({"p": p}, self.fitted.theta if theta is None else theta)

    def left_out(self) -> FloatArray:
        """Return the relative error (points,) at each proportion, fitted from all others."""
        problem = self.fitted.problem
        again = refit(self.fitted, problem.log_loss, 1 - np.eye(problem.log_loss.shape[1]))
        return np.asarray(np.expm1(np.diag(self.log_loss(problem.columns["p"], again.theta)) - problem.log_loss[0]))


def fit_size(size: SizeLosses, form: Form) -> SizeFit:
    """Fit a form to the losses of one size."""
    there = size.p > 0
    return SizeFit(size, fit(form, ESTIMATOR, {"p": size.p[there]}, np.exp(size.log_loss[there])))


def describe_size(size: SizeLosses, fits: Mapping[str, SizeFit]) -> dict[str, Any]:
    """Return one size's losses and fits as they stand in ratio.json."""
    return {
        "size": size.size,
        "n_nonembedding": size.n_nonembedding,
        "points": [_describe_point(size, i) for i in range(len(size.p))],
        "forms": {name: describe_fit(fitted) for name, fitted in fits.items()},
        "at_zero": _at_zero(size, fits),
    }


def describe_fit(fitted: SizeFit) -> dict[str, Any]:
    """Return one fit with profile intervals and errors at left-out proportions."""
    errors, (scatter, freedom) = fitted.left_out(), fitted.scatter
    order = np.argsort(fitted.fitted.problem.columns["p"])
    return {
        "formula": fitted.form.formula,
        "parameters": fitted.fitted.parameters,
        "intervals": {p.name: [p.low, p.high] if p.identified else None for p in profile(fitted.fitted)},
        "restart_agreement": fitted.fitted.restart_agreement,
        "relative_scatter": scatter,
        "degrees_of_freedom": freedom,
        "left_out_relative_error": {
            "interior": root_mean_square(errors[order[1:-1]]),
            "edges": root_mean_square(errors[order[[0, -1]]]),
        },
    }


def largest_left_out(sizes: Sequence[SizeLosses]) -> dict[str, Any] | None:
    """Return each law's relative error at the largest size, fitted to all smaller ones; None with fewer than three."""
    if len(sizes) < 3:
        return None
    smaller, n, p, losses = len(sizes) - 1, *_columns(sizes)
    kept, largest = n < n.max(), n == n.max()
    content: dict[str, Any] = {"size": sizes[-1].size}
    for form in over_sizes(smaller):
        found = fit(form, ESTIMATOR, {"n": n[kept], "p": p[kept]}, losses[kept])
        predicted = np.exp(form.log_loss({"n": n[largest], "p": p[largest]}, found.theta)[0])
        errors = predicted / losses[largest] - 1
        content[form.name] = {
            "formula": form.formula,
            "relative_error": root_mean_square(errors),
            "mean_relative_error": float(errors.mean()),
            "restart_agreement": found.restart_agreement,
        }
    return content


def choose_form(fits: Sequence[Mapping[str, SizeFit]]) -> tuple[str, str]:
    """Return the form that predicts left-out proportions best over all sizes and languages, and why."""
    errors = {form.name: root_mean_square(np.concatenate([f[form.name].left_out() for f in fits])) for form in FORMS}
    chosen = min(errors, key=lambda name: errors[name])
    compared = ", ".join(f"{error:.3%} {name}" for name, error in errors.items())
    return chosen, f"error at a left-out proportion over all sizes and both languages: {compared}"


def root_mean_square(errors: FloatArray) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(errors**2)))


def _describe_point(size: SizeLosses, i: int) -> dict[str, Any]:
    return {
        "mix": size.mixes[i],
        "p": float(size.p[i]),
        "losses_by_seed": size.losses[i],
        "loss_nats_per_token": float(np.exp(size.log_loss[i])),
        "interval": interval(np.exp(size.replicates[:, i])),
    }


def _at_zero(size: SizeLosses, fits: Mapping[str, SizeFit]) -> dict[str, Any] | None:
    """Return what the laws say of a model that never saw the language; the ratio law says infinity."""
    zero = np.flatnonzero(size.p == 0)
    if not len(zero):
        return None
    predicted = float(np.exp(fits["mixing_law"].log_loss(np.zeros(1))[0, 0]))
    return {"measured": float(np.exp(size.log_loss[zero[0]])), "mixing_law": predicted, "ratio_law": None}


def _columns(sizes: Sequence[SizeLosses]) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = np.concatenate([np.full(len(size.p), size.n_nonembedding) for size in sizes])
    p = np.concatenate([size.p for size in sizes])
    losses = np.exp(np.concatenate([size.log_loss for size in sizes]))
    return n[p > 0], p[p > 0], losses[p > 0]
