"""One law for a language alone and in the mix: what the mix's models are worth in parameters, over all sizes.

L = E + A / (N rho^mix)^alpha: both curves share the exponent and the constant, and the mix's models are worth rho times
their size (Fernandes et al. 2023, arXiv:2302.09650), so that rho = (A_alone / A_mix)^(1/alpha). Whether they share is
tested first, step by step: exponents apart against one, then constants apart against one (F tests of nested least
squares). Rho comes with its profile interval, whose error variance is that of the fit's own residuals.

A size counts once a side, by its mean over seeds in common. Where sharing is refuted, rho is an average over sizes that
hides a trend, and a note says so. Misfit that both curves have in common makes the tests and the interval cautious.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tenbin.scaling.comparing.pairs import PairedSize
from tenbin.scaling.forms import FloatArray
from tenbin.scaling.laws.bilingual import BILINGUAL_FREE, BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT, compare_nested
from tenbin.scaling.laws.estimators import FORMULAS, Estimator
from tenbin.scaling.laws.fitting import Fit, fit
from tenbin.scaling.laws.form import Form
from tenbin.scaling.laws.profiles import Profile, profile

MIN_SIZES = 4
"""Six parameters of two free curves need seven points or more."""
RELATIVE = Estimator("relative")
REFUTED = 0.05
EXACT = 1e-20
"""Objective a point below which a fit is exact and residuals are rounding: no test has a meaning then."""


def fit_joint(sizes: Sequence[PairedSize], definition: str) -> dict[str, Any]:
    """Return the joint law of both curves in one definition of N, or why there is none."""
    n = np.array([size.mono.n.get(definition, np.nan) for size in sizes])
    if np.isnan(n).any() or len(np.unique(n)) < MIN_SIZES:
        return {"fitted": False, "reason": f"{MIN_SIZES} sizes with both sides and {definition} are needed"}
    fits = [_fit(form, n, sizes) for form in (BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT, BILINGUAL_FREE)]
    sharing = {
        "exponent": _test(fits[1], fits[2]),
        "constant": _test(fits[0], fits[1]),
        "both": _test(fits[0], fits[2]),
    }
    profiles = {found.name: found for found in profile(fits[0])}
    return {
        "fitted": True,
        "formula": BILINGUAL_SHARED.formula,
        "estimator": FORMULAS[RELATIVE.kind],
        "points": 2 * len(sizes),
        "parameters": fits[0].parameters,
        "intervals": {name: _ends(found) for name, found in profiles.items()},
        "identified": {name: found.identified for name, found in profiles.items()},
        "relative_residuals": np.expm1(fits[0].residuals).tolist(),
        "restart_agreement": fits[0].restart_agreement,
        "apart": fits[2].parameters,
        "sharing": sharing,
        "notes": _notes(sharing, profiles["rho"]),
    }


def _fit(form: Form, n: FloatArray, sizes: Sequence[PairedSize]) -> Fit:
    losses = [side.mean_loss for size in sizes for side in (size.mono, size.mix)]
    columns = {"n": np.repeat(n, 2), "mix": np.tile([0.0, 1.0], len(sizes))}
    return fit(form, RELATIVE, columns, np.array(losses))


def _test(smaller: Fit, larger: Fit) -> dict[str, float] | None:
    """Return F and p, None where the larger law goes through all points."""
    if larger.objective <= EXACT * len(larger.residuals):
        return None
    return compare_nested(smaller, larger)


def _ends(found: Profile) -> list[float | None]:
    return [float(end) if np.isfinite(end) else None for end in (found.low, found.high)]


def _notes(sharing: dict[str, dict[str, float] | None], rho: Profile) -> list[str]:
    refuted = [name for name in ("exponent", "constant") if (sharing[name] or {"p": 1.0})["p"] < REFUTED]
    notes = [
        f"a shared {name} is refuted (p = {(sharing[name] or {})['p']:.2g}): rho changes with size; read it by size"
        for name in refuted
    ]
    return notes + ([] if rho.identified else ["rho is not identified: its profile does not close"])
