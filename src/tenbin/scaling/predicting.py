"""The loss of the largest size, forecast from the smaller sizes before the largest is trained.

A law that is fitted to all sizes and then praised for going through them proves little; a forecast
written down first can be wrong. Both forms are fitted to the mean losses of the smaller sizes, and
each gets the textbook prediction interval of a regression (Draper and Smith 1998, section 3.4):
t s sqrt(1 + g (J'J)^-1 g'), with s the residual scatter in relative units, J the derivative of
ln L at the fitted sizes and g at the forecast one. The scatter about the curve holds seeds and
misfit at once, so nothing is resampled over a handful of sizes.

What the interval does not hold: a bend of the true curve beyond the fitted sizes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from scipy.stats import t as t_distribution

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, sha256_json, write_json
from tenbin.scaling.curves import choose_form, curve_arrays, reason_not_fitted
from tenbin.scaling.fitting import fit
from tenbin.scaling.forecasts import list_forecasts, write_index
from tenbin.scaling.forms import FORMS, FittedCurves, FloatArray, Form
from tenbin.scaling.intervals import CONFIDENCE
from tenbin.scaling.points import Curve, Point, RunId, group_curves
from tenbin.study.base import Entry, Identifier

DEFINITION = "n_nonembedding"
METHOD = (
    f"relative least squares on mean losses of the smaller sizes; {CONFIDENCE:.0%} prediction interval of the "
    "regression, from the scatter about the curve (seeds and misfit); a bend beyond the fitted sizes is not in it"
)


class Target(Entry):
    """The size that is forecast, and the curves on which it lies."""

    size: Identifier
    """Size id."""
    n_nonembedding: int = Field(gt=0)
    """Parameters without embeddings."""
    curves: tuple[tuple[Identifier, Identifier], ...] = Field(min_length=1)
    """Training mix and schedule of each curve."""


def predict_largest(*, losses: Sequence[Path], target: Target, runs: Sequence[Path], folder: Path, out: Path) -> None:
    """Write a forecast from the losses of smaller runs, unless these inputs have one, and name all forecasts.

    `losses` are the losses JSONs of the smaller runs, `runs` the folders of the runs that are forecast: a
    forecast says which of them had trained a segment already. Forecasts are never overwritten or deleted.
    Raises UserError if a file is damaged or no curve has sizes enough.
    """
    inputs = [{"file": str(path), "sha256": seal_of(path)} for path in losses]
    identity = sha256_json({"inputs": sorted(entry["sha256"] for entry in inputs), "target": target.model_dump()})
    known = list_forecasts(folder)
    if not any(path.name.endswith(f"-{identity}.json") for path in known):
        path = folder / f"{len(known) + 1}-{identity}.json"
        begun = [str(run) for run in runs if any(run.glob("segments/*.json"))]
        write_json(path, _forecast(list(map(_read_point, losses)), target) | {"inputs": inputs, "begun": begun})
    write_index(folder, out)


def predict(form: Form, n: FloatArray, losses: FloatArray, at: float) -> tuple[FloatArray, FloatArray | None]:
    """Return the losses (curves,) that a form predicts at N = `at`, and intervals (2, curves), None where it has none.

    `n` is (sizes,), `losses` (curves, sizes), nats/token. There is no interval with as many parameters as sizes.
    """
    curves = fit(form, n, losses)
    predicted = curves.loss_at(np.array([at]))[:, 0]
    freedom = len(n) - form.num_parameters
    if freedom < 1 or not (curves.amplitude_at_n0 > 0).all():
        return predicted, None
    scatter = ((losses / curves.loss_at(n) - 1) ** 2).sum(axis=1) / freedom
    spread = np.sqrt(scatter * (1 + _leverage(form, curves, n, at)))
    half = t_distribution.ppf((1 + CONFIDENCE) / 2, freedom) * spread
    return predicted, np.stack([predicted * np.exp(-half), predicted * np.exp(half)])


def _leverage(form: Form, curves: FittedCurves, n: FloatArray, at: float) -> FloatArray:
    """Return g (J'J)^-1 g' of each curve."""
    fitted, new = _log_derivatives(form, curves, n), _log_derivatives(form, curves, np.array([at]))
    inverse = np.linalg.pinv(np.swapaxes(fitted, 1, 2) @ fitted)
    return np.asarray((new @ inverse @ np.swapaxes(new, 1, 2))[:, 0, 0])


def _log_derivatives(form: Form, curves: FittedCurves, n: FloatArray) -> FloatArray:
    """Return the derivatives (curves, n, parameters) of ln L by ln A, alpha and, where the form has one, E."""
    loss = curves.loss_at(n)
    reducible = loss - curves.constant[:, None]
    columns = [reducible, -np.log(n / curves.n0) * reducible]
    columns += [np.ones_like(loss)] if form.has_constant else []
    return np.stack([column / loss for column in columns], axis=2)


def _forecast(points: Sequence[Point], target: Target) -> dict[str, Any]:
    curves = [curve for curve in group_curves(points) if (curve.mix, curve.schedule) in target.curves]
    return {
        "size": target.size,
        DEFINITION: target.n_nonembedding,
        "method": METHOD,
        "curves": [_forecast_curve(curve, points, target) for curve in curves],
    }


def _forecast_curve(curve: Curve, points: Sequence[Point], target: Target) -> dict[str, Any]:
    reason = reason_not_fitted(curve, DEFINITION)
    if reason:
        raise UserError(f"no forecast of {target.size} for mix {curve.mix}, schedule {curve.schedule}: {reason}")
    n, losses = curve_arrays(curve, DEFINITION)
    choice = choose_form(n, losses)
    return {
        "mix": curve.mix,
        "schedule": curve.schedule,
        "valid": curve.valid,
        "language": next(point.language for point in points if point.valid == curve.valid),
        "sizes": [size.size for size in curve.sizes],
        "chosen_form": choice.form.name,
        "chosen_because": choice.reason,
        "forms": {form.name: _describe(form, n, losses, target.n_nonembedding) for form in FORMS},
    }


def _describe(form: Form, n: FloatArray, losses: FloatArray, at: float) -> dict[str, Any]:
    predicted, ends = predict(form, n, losses[None], at)
    interval = ends[:, 0].tolist() if ends is not None else None
    return {"loss_nats_per_token": float(predicted[0]), "interval": interval}


def _read_point(path: Path) -> Point:
    row = read_json(path)
    return Point(
        run=RunId(row["mix"], row["size"], row["schedule"], row["seed"]),
        valid=row["valid"],
        language=row["lang"],
        n={DEFINITION: row[DEFINITION]},
        loss=row["loss_nats_per_token"],
        loss_stderr=row["loss_stderr"],
        bits_per_byte=row["bits_per_byte"],
        steps=row["steps"],
    )
