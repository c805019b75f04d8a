"""How far a curve fitted to a handful of sizes is to be believed.

- Profile intervals: a parameter is moved, all others follow, and the interval ends where the sum of squares exceeds its
  least by the factor 1 + F(0.95; 1, n - p) / (n - p), so that the error variance is taken from the misfit itself, which
  resampled seeds and documents know nothing of (Bates and Watts 1988, section 6.1). One that does not close is not
  identified, and its parameter has no digits worth printing.
- Lack of fit: the misfit of the size means against the scatter of seeds around them (F test of nested least squares).
- Local slopes: the exponent between two neighbours, which a power law without a constant has the same everywhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution

from tenbin.scaling.forms import FloatArray, Form
from tenbin.scaling.intervals import interval
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import Fit, fit
from tenbin.scaling.laws.heldout import leave_two_out
from tenbin.scaling.laws.profiles import Profile, profile
from tenbin.scaling.regression import predict

CONFIDENCE = 0.95
LAWS = {"power_law": "power_law", "power_law_with_constant": "power_law_constant"}
NAMES = {"E": "constant", "A": "amplitude_at_n0", "alpha": "exponent"}
RELATIVE = Estimator("relative")
PROFILED = ("constant", "exponent")
LEAST_SIZES = 3
"""From which a curve is continued."""


def describe_evidence(form: Form, n: FloatArray, losses: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Return profiles, the error at left-out pairs of sizes, and the lack of fit of a form.

    n (sizes,), losses by size and seed, nats per token. Where there are not more sizes than parameters, nothing can be
    said, and all of it is None.
    """
    means = np.array([np.mean(seeds) for seeds in losses])
    freedom = len(n) - form.num_parameters
    if freedom < 1:
        keys = ("profile_intervals", "identified", "profiles", "profile_limit", "leave_two_out_error", "lack_of_fit")
        return dict.fromkeys(keys)
    fitted = _fit(form, n, means)
    profiles = {NAMES[found.name]: found for found in profile(fitted, CONFIDENCE)}
    return {
        "profile_intervals": {name: _ends(found) for name, found in profiles.items()},
        "identified": {name: found.identified for name, found in profiles.items()},
        "profiles": {name: _curve(found) for name, found in profiles.items() if name in PROFILED},
        "profile_limit": 1 + float(f_distribution.ppf(CONFIDENCE, 1, freedom)) / freedom,
        "leave_two_out_error": leave_two_out(fitted),
        "lack_of_fit": lack_of_fit(form, n, losses),
    }


def lack_of_fit(form: Form, n: FloatArray, losses: Sequence[Sequence[float]]) -> dict[str, Any] | None:
    """Return F, its p-value and degrees of freedom; None where no size has a second seed or all seeds agree.

    The form is fitted to all runs and so is a loss of each size's own, both by relative least squares, so that the one
    is nested in the other. With few seeds only a gross misfit shows.
    """
    runs = np.concatenate([np.asarray(seeds, float) for seeds in losses])
    freedom = (len(n) - form.num_parameters, len(runs) - len(n))
    scatter = sum(_scatter(np.asarray(seeds, float)) for seeds in losses)
    if min(freedom) < 1 or not scatter > 0:
        return None
    squares = 2 * _fit(form, np.repeat(n, [len(seeds) for seeds in losses]), runs).objective
    f = max(0.0, squares - scatter) / freedom[0] / (scatter / freedom[1])
    return {"f": float(f), "p": float(f_distribution.sf(f, *freedom)), "freedom": list(freedom)}


def forecast_largest(form: Form, n: FloatArray, losses: FloatArray) -> dict[str, Any] | None:
    """Return the loss at the largest size by the curve fitted to all others; n and losses (sizes,).

    None where fewer sizes than parameters are left.
    """
    kept = n < n.max()
    if kept.sum() < max(form.num_parameters, LEAST_SIZES) or (~kept).sum() > 1:
        return None
    predicted, ends = predict(form, n[kept], losses[kept][None], float(n.max()))
    return {
        "n": float(n.max()),
        "measured": float(losses[~kept][0]),
        "predicted": float(predicted[0]),
        "interval": None if ends is None else ends[:, 0].tolist(),
    }


def local_slopes(n: FloatArray, losses: FloatArray, means: FloatArray) -> list[dict[str, Any]]:
    """Return -d ln L / d ln N between neighbours; n and losses (sizes,), replicates of losses (replicates, sizes)."""
    steps = np.diff(np.log(n))
    slopes, drawn = (-np.diff(np.log(values)) / steps for values in (losses, means))
    return [
        {"n_low": float(low), "n_high": float(high), "slope": float(slope), "interval": interval(replicates)}
        for low, high, slope, replicates in zip(n[:-1], n[1:], slopes, drawn.T, strict=True)
    ]


def _fit(form: Form, n: FloatArray, losses: FloatArray) -> Fit:
    """Fit with N in units of the sizes' geometric mean, so that A is the loss there."""
    n0 = np.exp(np.log(np.unique(n)).mean())
    return fit(FORMS[LAWS[form.name]], RELATIVE, {"n": n / n0}, losses)


def _scatter(seeds: FloatArray) -> float:
    """Return the squares that the best constant c leaves: the least of sum (c / L - 1)^2."""
    u = 1 / seeds
    residuals = u * u.sum() / (u * u).sum() - 1
    return float(residuals @ residuals)


def _ends(found: Profile) -> list[float | None]:
    return [float(end) if np.isfinite(end) else None for end in (found.low, found.high)]


def _curve(found: Profile) -> dict[str, list[float | None]]:
    pairs = {"values": found.values, "objective_ratio": found.ratio}
    return {name: [float(v) if np.isfinite(v) else None for v in values] for name, values in pairs.items()}
