"""The first forecast of the largest size held against what was measured: hit or miss.

Only number 1 is scored: a forecast made anew after some losses were seen could be chosen.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of


def score_first_forecast(
    index: Path, losses: Sequence[Mapping[str, str]], languages: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the first forecast's score: a row for each curve on text of its mix's languages.

    `losses` are rows of losses.csv, `languages` those of each mix.

    Raises UserError if the forecast is not the one that the index names.
    """
    entry = read_json(index)["forecasts"][0]
    path = index.parent / entry["file"]
    if seal_of(path) != entry["sha256"]:
        raise UserError(f"{path} is not the forecast that {index} names; put the first one back")
    forecast = read_json(path)
    curves = [_score(curve, forecast["size"], losses) for curve in forecast["curves"] if _has_seen(curve, languages)]
    return {
        "file": entry["file"],
        "size": forecast["size"],
        "n_nonembedding": forecast["n_nonembedding"],
        "method": forecast["method"],
        "made_before_the_runs": not forecast["begun"],
        "curves": curves,
    }


def _has_seen(curve: Mapping[str, Any], languages: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a curve's models saw the text's language; a mix that the study has no more is not scored."""
    return curve["language"] in languages.get(curve["mix"], ())


def _score(curve: Mapping[str, Any], size: str, losses: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return one row: the chosen form's forecast, the mean over seeds (nats/token), the error and hit or miss."""
    forecast = curve["forms"][curve["chosen_form"]]
    keys = {"mix": curve["mix"], "schedule": curve["schedule"], "valid": curve["valid"], "size": size}
    those = [float(row["loss_nats_per_token"]) for row in losses if keys.items() <= row.items()]
    measured = fmean(those) if those else None
    predicted, interval = forecast["loss_nats_per_token"], forecast["interval"]
    return {
        **{key: curve[key] for key in ("mix", "schedule", "valid", "language", "chosen_form")},
        "predicted": predicted,
        "interval": interval,
        "measured": measured,
        "relative_error": predicted / measured - 1 if measured else None,
        "outcome": _outcome(measured, interval),
    }


def _outcome(measured: float | None, interval: Sequence[float] | None) -> str:
    if measured is None:
        return "not measured"
    if interval is None:
        return "no interval"
    return "hit" if interval[0] <= measured <= interval[1] else "miss"
