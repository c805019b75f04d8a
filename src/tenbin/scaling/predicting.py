"""The loss of the largest size, forecast from the smaller sizes before the largest is trained.

A law that is fitted to all sizes and then praised for going through them proves little; a forecast
written down first can be wrong. Both forms are fitted to the mean losses of the smaller sizes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, sha256_json, write_json
from tenbin.scaling.curves import choose_form, curve_arrays, reason_not_fitted
from tenbin.scaling.forecasts import has_trained, list_forecasts, write_index
from tenbin.scaling.forms import FORMS, FloatArray, Form
from tenbin.scaling.intervals import CONFIDENCE
from tenbin.scaling.points import Curve, Point, RunId, group_curves
from tenbin.scaling.regression import predict
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
        begun = [str(run) for run in runs if has_trained(run)]
        write_json(path, _forecast(list(map(_read_point, losses)), target) | {"inputs": inputs, "begun": begun})
    write_index(folder, out)


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
