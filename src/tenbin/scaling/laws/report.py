"""One law, fitted and written: fit.json for programs, an aligned table for readers.

What is not identified has no digits in the table: its profile does not close, or a bound of the search is an
end of its interval.
"""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.files import record_file, write_json
from tenbin.scaling.laws.bootstrap import MIN_ROWS, Resampled, bootstrap
from tenbin.scaling.laws.catalogue import find_form
from tenbin.scaling.laws.estimators import FORMULAS, Estimator
from tenbin.scaling.laws.fitting import Fit, fit
from tenbin.scaling.laws.forecasts import describe_forecasts
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.laws.heldout import held_out
from tenbin.scaling.laws.points import Points, read_points
from tenbin.scaling.laws.profiles import profile

CONFIDENCE = 0.95


def fit_law(
    table: Path,
    form_name: str,
    estimator: Estimator,
    *,
    names: Mapping[str, str],
    where: Mapping[str, str],
    resamples: int,
    seed: int,
    forecasts: Sequence[Mapping[str, float]] = (),
    vocabulary: int | None = None,
    out: Path,
) -> str:
    """Fit a form to a table, write fit.json, and return the table to print.

    `forecasts`: values of the form's variables at which to say the loss, never above ln(vocabulary). Raises UserError
    for what cannot be fitted or forecast, and for a bootstrap of fewer than 30 rows.
    """
    points = read_points(table, find_form(form_name), names, where)
    fitted = fit(find_form(form_name), estimator, points.columns, points.losses)
    resampled = bootstrap(fitted, resamples, seed, CONFIDENCE) if resamples else None
    content = describe(fitted, points) | _describe_intervals(fitted, resampled, seed)
    content |= {"forecasts": describe_forecasts(fitted, resampled, forecasts, vocabulary)}
    content |= {"points": record_file(table), "columns": dict(names), "where": dict(where)}
    write_json(out, content)
    return spell(content)


def describe(fitted: Fit, points: Points) -> dict[str, Any]:
    """Return the fit as fit.json has it, without intervals."""
    form, estimator = fitted.problem.form, fitted.problem.estimator
    return {
        "form": {"name": form.name, "formula": form.formula, "source": form.source},
        "variables": {variable.key: variable.meaning for variable in form.variables},
        "estimator": estimator.kind,
        "minimised": FORMULAS[estimator.kind],
        "delta": estimator.delta,
        "rows": {"used": len(points.losses), "lines": points.lines},
        "parameters": fitted.parameters,
        "units": {parameter.name: parameter.unit for parameter in form.parameters},
        "objective": fitted.objective,
        "residuals": _finite(fitted.residuals),
        "held_out_relative_error": held_out(fitted),
        "restarts": fitted.restarts,
        "restart_agreement": fitted.restart_agreement,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "tenbin")},
        },
    }


def spell(content: Mapping[str, Any]) -> str:
    """Return a fit as an aligned table with its units, intervals and errors of prediction."""
    head = [
        f"{content['form']['formula']}   ({content['form']['source']})",
        f"{content['rows']['used']} rows; minimised: {content['minimised']}"
        + (f", delta {content['delta']:g}" if content["delta"] else ""),
    ]
    rows = [
        ("parameter", "value", "95 % interval", "unit"),
        *(_spell_parameter(content, n) for n in content["parameters"]),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    body = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*head, "", *body, "", *_spell_rest(content)])


def _describe_intervals(fitted: Fit, resampled: Resampled | None, seed: int) -> dict[str, Any]:
    if resampled:
        found = resampled.intervals
        method = f"central {CONFIDENCE:.0%} of {len(resampled.theta)} refits of resampled rows, seed {seed}"
        return {"intervals": {i.name: _interval(i.low, i.high, i.identified) for i in found}, "interval_method": method}
    if fitted.problem.estimator.is_least_squares:
        profiles = profile(fitted, CONFIDENCE)
        curves = {p.name: {"value": _finite(p.values), "relative_objective": _finite(p.ratio)} for p in profiles}
        intervals = {p.name: _interval(p.low, p.high, p.identified) for p in profiles}
        method = f"{CONFIDENCE:.0%} profile, F distribution with unknown error variance"
        return {"intervals": intervals, "interval_method": method, "profiles": curves}
    return {
        "intervals": {},
        "interval_method": f"none: --bootstrap gives them from {MIN_ROWS} rows, log or relative from any",
    }


def _interval(low: float, high: float, identified: bool) -> dict[str, Any]:
    return {
        "low": low if np.isfinite(low) else None,
        "high": high if np.isfinite(high) else None,
        "identified": identified,
    }


def _finite(values: FloatArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _spell_parameter(content: Mapping[str, Any], name: str) -> tuple[str, str, str, str]:
    unit, interval = content["units"][name], content["intervals"].get(name)
    if interval is None:
        return name, f"{content['parameters'][name]:.5g}", "none", unit
    if not interval["identified"]:
        return name, "unidentified", "does not close", unit
    return name, f"{content['parameters'][name]:.5g}", f"{interval['low']:.4g} to {interval['high']:.4g}", unit


def _spell_rest(content: Mapping[str, Any]) -> list[str]:
    errors = content["held_out_relative_error"].items()
    spelled = ", ".join(f"{name.replace('_', ' ')} {_percent(error)}" for name, error in errors)
    return [
        *map(_spell_forecast, content["forecasts"]),
        f"intervals: {content['interval_method']}",
        f"objective {content['objective']:.10g}; "
        f"{content['restart_agreement']:.0%} of {content['restarts']} restarts agree",
        f"error of prediction (relative): {spelled}",
    ]


def _spell_forecast(forecast: Mapping[str, Any]) -> str:
    at = ", ".join(f"{key} {value:g}" for key, value in forecast["at"].items())
    interval = forecast["interval"]
    ends = f"95 % interval {interval[0]:.4f} to {interval[1]:.4f}" if interval else "no interval without --bootstrap"
    return f"forecast at {at}: {forecast['loss_nats_per_token']:.4f} nats/token ({ends})"


def _percent(error: float | None) -> str:
    return "not possible with so few points" if error is None else f"{error:.3%}"
