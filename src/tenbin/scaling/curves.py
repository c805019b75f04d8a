"""The curves of one validation set: both forms, both counts of parameters, intervals, and the chosen form.

A form is chosen by how well it predicts the largest size from all others, since that is what a scaling
law is for; a form that only interpolates better does not win. A size counts once, by its mean loss
over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.errors import UserError
from tenbin.files import record_file, write_json
from tenbin.scaling.by_script import describe_scripts, read_script_tables
from tenbin.scaling.evidence import describe_evidence, forecast_largest, local_slopes
from tenbin.scaling.fitting import exponent_at_bound, fit
from tenbin.scaling.forms import FORMS, POWER_LAW, POWER_LAW_WITH_CONSTANT, FittedCurves, FloatArray, Form
from tenbin.scaling.intervals import (
    CONFIDENCE,
    NUM_REPLICATES,
    SEED,
    ReplicatedLosses,
    interval,
    read_document_tables,
    replicate_losses,
    take_seeds,
)
from tenbin.scaling.points import DEFINITIONS, Curve, Point, SizePoints, group_curves, read_points

MIN_SIZES = 3
MIN_SIZES_TO_CHOOSE = 4
FEW_SEEDS = 3
TIE = 1e-6
NUM_GRID_POINTS = 60
ESTIMATOR = (
    "sum over sizes of (fitted/mean loss - 1)^2, least by variable projection; "
    f"intervals: central {CONFIDENCE:.0%} of {NUM_REPLICATES} replicates of documents and seeds, never of sizes"
)


def fit_curves(
    points_table: Path, points_record: Path | None, valid: str, documents: Sequence[Path], out: Path
) -> None:
    """Fit all curves of one validation set of a losses table and write them as one JSON.

    Raises UserError if the table has no usable row of the validation set.
    """
    everything = read_points(points_table, points_record)
    points = [point for point in everything if point.valid == valid]
    if not points:
        known = ", ".join(sorted({point.valid for point in everything})) or "none"
        raise UserError(f"{points_table} has no validation set {valid}; it has {known}")
    replicated = replicate_losses(points, read_document_tables(documents, points))
    scripts = read_script_tables(documents, valid)
    content = {
        "valid": valid,
        "language": points[0].language,
        "estimator": ESTIMATOR,
        "random_seed": SEED,
        "points": record_file(points_table),
        "units": _units(points),
        "curves": [
            describe_curve(curve, replicated) | {"scripts": describe_scripts(curve, scripts)}
            for curve in group_curves(points)
        ],
    }
    write_json(out, content)


def describe_curve(curve: Curve, replicated: ReplicatedLosses) -> dict[str, Any]:
    """Return a curve's points, fits and notes as they stand in results/scaling/{valid}.json."""
    means = replicate_means(curve, replicated)
    num_seeds = [len(size.points) for size in curve.sizes]
    return {
        "mix": curve.mix,
        "schedule": curve.schedule,
        "steps": curve.steps,
        "seeds_per_size": {"least": min(num_seeds), "most": max(num_seeds)},
        "document_noise": replicated.source(curve.points),
        "num_documents": replicated.num_documents,
        "notes": _notes(curve, replicated),
        "points": [_describe_size(size, means[:, i]) for i, size in enumerate(curve.sizes)],
        "fits": {definition: describe_fit(curve, definition, means) for definition in DEFINITIONS},
    }


def replicate_means(curve: Curve, replicated: ReplicatedLosses) -> FloatArray:
    """Return mean losses (replicates, sizes) over drawn seeds of losses on drawn documents."""
    columns = [
        take_seeds(size.size, [replicated.losses[point.run] for point in size.points]).mean(axis=1)
        for size in curve.sizes
    ]
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Choice:
    """A form, chosen by its error at the largest size when that was left out, and why."""

    form: Form
    errors: dict[str, float] | None
    """Relative error by form; None with too few sizes."""
    reason: str


@dataclass(frozen=True)
class _Fit:
    """A form fitted to mean losses (one curve) and to their replicates."""

    form: Form
    curve: FittedCurves
    replicates: FittedCurves


def reason_not_fitted(curve: Curve, definition: str) -> str | None:
    """Return why a curve has no fit in a definition of N, or None if it has one."""
    values = [size.n.get(definition) for size in curve.sizes]
    if None in values:
        return f"the table has no {definition} for all of its rows"
    if len(set(values)) == 1 and len(values) > 1:
        return f"{definition} is constant; a curve needs {MIN_SIZES} different values"
    if len(set(values)) < MIN_SIZES:
        return f"{len(set(values))} sizes; a curve needs at least {MIN_SIZES}"
    return None


def choose_form(n: FloatArray, losses: FloatArray) -> Choice:
    """Choose the form that predicts the largest size best from the others; n and losses are (sizes,)."""
    if len(np.unique(n)) < MIN_SIZES_TO_CHOOSE:
        reason = f"pure power law: with fewer than {MIN_SIZES_TO_CHOOSE} sizes no form can be told from another"
        return Choice(POWER_LAW, None, reason)
    errors = {form.name: _leave_largest_out_error(form, n, losses) for form in FORMS}
    pure, constant = errors[POWER_LAW.name], errors[POWER_LAW_WITH_CONSTANT.name]
    compared = f"error at the largest size from all others: {pure:.3%} pure, {constant:.3%} with a constant"
    if abs(pure - constant) <= TIE:
        return Choice(POWER_LAW, errors, f"pure power law: a tie ({compared})")
    if constant < pure:
        return Choice(POWER_LAW_WITH_CONSTANT, errors, f"power law with a constant: {compared}")
    return Choice(POWER_LAW, errors, f"pure power law: {compared}")


def describe_fit(curve: Curve, definition: str, means: FloatArray) -> dict[str, Any]:
    """Return the fits of a curve in one definition of N; means (replicates, sizes)."""
    reason = reason_not_fitted(curve, definition)
    if reason:
        return {"fitted": False, "reason": reason}
    n, losses = curve_arrays(curve, definition)
    choice = choose_form(n, losses)
    forms = {form.name: _Fit(form, fit(form, n, losses[None]), fit(form, n, means)) for form in FORMS}
    seeds = [[point.loss for point in size.points] for size in curve.sizes]
    return {
        "fitted": True,
        "chosen_form": choice.form.name,
        "chosen_because": choice.reason,
        "n0": forms[POWER_LAW.name].curve.n0,
        "forms": {
            name: _describe_form(found, n, losses, choice)
            | {"forecast_of_largest": forecast_largest(found.form, n, losses)}
            | describe_evidence(found.form, n, seeds)
            for name, found in forms.items()
        },
        "curve": _describe_grid(forms[choice.form.name], n),
        "local_slopes": local_slopes(n, losses, means),
    }


def curve_arrays(curve: Curve, definition: str) -> tuple[FloatArray, FloatArray]:
    """Return numbers of parameters and mean losses, both (sizes,)."""
    n = np.array([size.n[definition] for size in curve.sizes], np.float64)
    return n, np.array([size.mean_loss for size in curve.sizes])


def _leave_largest_out_error(form: Form, n: FloatArray, losses: FloatArray) -> float:
    kept = n < n.max()
    fitted = fit(form, n[kept], losses[kept][None])
    predicted = fitted.loss_at(n[~kept])[0]
    return float(np.abs(predicted / losses[~kept] - 1).max())


def _describe_form(found: _Fit, n: FloatArray, losses: FloatArray, choice: Choice) -> dict[str, Any]:
    residuals = losses / found.curve.loss_at(n)[0] - 1
    return {
        "formula": found.form.formula,
        "parameters": {name: float(values[0]) for name, values in _parameters(found.curve).items()},
        "intervals": {name: interval(values) for name, values in _parameters(found.replicates).items()},
        "leave_largest_out_error": choice.errors[found.form.name] if choice.errors else None,
        "relative_residuals": residuals.tolist(),
        "rms_relative_residual": float(np.sqrt((residuals**2).mean())),
        "notes": _form_notes(found, len(n)),
    }


def _parameters(curves: FittedCurves) -> dict[str, FloatArray]:
    return {
        "constant": curves.constant,
        "amplitude_at_n0": curves.amplitude_at_n0,
        "amplitude_at_one_parameter": curves.amplitude_at_one_parameter,
        "exponent": curves.exponent,
    }


def _form_notes(found: _Fit, num_sizes: int) -> list[str]:
    notes = []
    if num_sizes == found.form.num_parameters:
        notes.append("as many parameters as sizes: the curve goes through all points and residuals say nothing")
    if not found.curve.amplitude_at_n0[0] > 0:
        notes.append("losses do not fall with N: only the constant is left")
    elif exponent_at_bound(found.form, float(found.curve.exponent[0])):
        notes.append("the exponent lies at its bound: exponent and constant are not determined")
    return notes


def _describe_grid(found: _Fit, n: FloatArray) -> dict[str, Any]:
    grid = np.geomspace(n.min(), n.max(), NUM_GRID_POINTS)
    bands = [interval(column) for column in found.replicates.loss_at(grid).T]
    return {
        "n": grid.tolist(),
        "loss": found.curve.loss_at(grid)[0].tolist(),
        "low": [band[0] if band else None for band in bands],
        "high": [band[1] if band else None for band in bands],
    }


def _describe_size(size: SizePoints, means: FloatArray) -> dict[str, Any]:
    return {
        "size": size.size,
        **{definition: size.n.get(definition) for definition in DEFINITIONS},
        "loss_nats_per_token": size.mean_loss,
        "interval": interval(means),
        "seeds": [_describe_point(point) for point in size.points],
    }


def _describe_point(point: Point) -> dict[str, Any]:
    return {"seed": point.run.seed, "loss_nats_per_token": point.loss, "loss_stderr": point.loss_stderr}


def _units(points: Sequence[Point]) -> dict[str, float | None]:
    """Return what one nat per token is on this text, a constant of text and tokenizer."""
    bytes_, chars = (
        next((getattr(p, unit) / p.loss for p in points if getattr(p, unit)), None)
        for unit in ("bits_per_byte", "bits_per_char")
    )
    return {"bits_per_byte": bytes_, "bits_per_char": chars}


def _notes(curve: Curve, replicated: ReplicatedLosses) -> list[str]:
    least = min(len(size.points) for size in curve.sizes)
    notes = []
    if least == 1:
        notes.append("a size has one seed: intervals hold no noise of seeds there and are too narrow on that account")
    elif least < FEW_SEEDS:
        notes.append(f"a size has {least} seeds: fewer than {FEW_SEEDS} understate their noise; intervals are narrow")
    source = replicated.source(curve.points)
    if "loss_stderr" in source:
        notes.append("documents unknown: noise from loss_stderr, independent between runs; exponents look less certain")
    if "none" in source:
        notes.append("neither documents nor loss_stderr: intervals hold no noise of the validation set")
    return notes
