"""The numbers that a claim is about: one cell for each place of its scope, with its interval or why there is none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tenbin.claims.model import Assertion, Claim, ComparisonNumber, CurveNumber
from tenbin.languages import language_name

N = "n_nonembedding"
FEW_SEEDS = 3


@dataclass(frozen=True)
class Results:
    """What claims are judged by: the files of the scaling stage, read and verified."""

    comparisons: Sequence[Mapping[str, Any]]
    """Of `comparison.json`."""
    fits: Sequence[Mapping[str, Any]]
    """One `{valid}.json` a validation set."""
    in_domain: Mapping[str, bool]
    """Whether a validation set is of the training domain."""
    languages: Mapping[str, Sequence[str]]
    """Languages of each training mix."""
    margin: float
    """Margin of equivalence, a share of the loss."""


@dataclass(frozen=True)
class Cell:
    """A number in one place of a claim's scope."""

    place: str
    quantity: str
    value: float | None
    interval: tuple[float, float] | None
    bounds: tuple[float | None, float | None]
    """Where the claim says that it lies."""
    sizes: tuple[float, float] | None
    """Smallest and largest parameters without embeddings that it rests on."""
    missing: str = ""
    """Why there is no number or no interval."""
    caveat: str = ""
    """What the interval does not hold."""
    seeds_needed: int | None = None
    """Seeds that would show equivalence within the margin, where the comparison tells it."""
    of_curve: bool = False
    """Whether the interval comes from the scatter of a few sizes about a fitted curve."""


Make = Callable[..., Cell]


def find_cells(claim: Claim, assertion: Assertion, results: Results) -> list[Cell]:
    """Return an assertion's numbers in all places of the claim's scope."""
    make = partial(Cell, bounds=assertion.bounds(results.margin))
    wanted = assertion.quantity
    if isinstance(wanted, ComparisonNumber):
        return list(_of_comparisons(wanted, claim, results, make))
    if isinstance(wanted, CurveNumber):
        return list(_of_curves(wanted, claim, results, make))
    return list(_of_strangers(claim, results, make))


def _is_in_scope(claim: Claim, language: str, valid: str, results: Results) -> bool:
    right_language = claim.languages is None or language in claim.languages
    return right_language and claim.in_domain in (None, results.in_domain[valid])


def _of_comparisons(wanted: ComparisonNumber, claim: Claim, results: Results, make: Make) -> Iterator[Cell]:
    for comparison in results.comparisons:
        if comparison["at"] in wanted.at and _is_in_scope(claim, comparison["language"], comparison["valid"], results):
            rows = comparison["rows"][-1:] if wanted.sizes == "largest" else comparison["rows"]
            mono = {"mix": comparison["mono_mix"], "schedule": comparison["mono_schedule"]}
            mix = {"mix": comparison["mix"], "schedule": comparison["mix_schedule"]}
            for row in rows:
                place = f"{_text(comparison)}: {_name(mix)} against {_name(mono)}, {row['size']}"
                value, interval, missing = _look_up(row, wanted.number, wanted.interval)
                caveat = _few_seeds(row.get("seeds"))
                seeds = row.get("seeds_needed")
                yield make(
                    place,
                    wanted.number,
                    value,
                    interval,
                    sizes=_range([row]),
                    missing=missing,
                    caveat=caveat,
                    seeds_needed=seeds,
                )


def _of_curves(wanted: CurveNumber, claim: Claim, results: Results, make: Make) -> Iterator[Cell]:
    for fits, curve in _curves(claim, results):
        languages = results.languages[curve["mix"]]
        kind = "several" if len(languages) > 1 else "alone"
        if fits["language"] not in languages or wanted.mixes not in ("all", kind):
            continue
        place = f"{_text(fits)}: {_name(curve)}, {wanted.form.replace('_', ' ')}"
        value, interval, missing = _of_fit(wanted, curve["fits"][wanted.parameters])
        caveat = _few_seeds(min(len(point["seeds"]) for point in curve["points"]))
        sizes = _range(curve["points"])
        name = f"{wanted.number} / {wanted.over}" if wanted.over else wanted.number
        yield make(place, name, value, interval, sizes=sizes, missing=missing, caveat=caveat, of_curve=True)


def _of_fit(wanted: CurveNumber, fit: Mapping[str, Any]) -> tuple[float | None, tuple[float, float] | None, str]:
    if not fit["fitted"]:
        return None, None, f"the curve is not fitted: {fit['reason']}"
    form = fit["forms"][fit["chosen_form"] if wanted.form == "chosen" else wanted.form]
    value, interval, missing = _look_up(form, wanted.number, wanted.interval)
    if wanted.over is None or value is None:
        return value, interval, missing
    unit = _walk(form, wanted.over)
    if not unit:
        return None, None, f"the results have no {wanted.over}"
    return value / unit, interval and (interval[0] / unit, interval[1] / unit), missing


def _of_strangers(claim: Claim, results: Results, make: Make) -> Iterator[Cell]:
    """Yield each mix over each other language of it alone, at the largest size that both have."""
    for fits, curve in _curves(claim, results):
        for other in _strangers(fits, curve, results):
            of_other = {point["size"]: point for point in other["points"]}
            for point in [point for point in curve["points"] if point["size"] in of_other][-1:]:
                place = f"{_text(fits)}: {_name(curve)} against {_name(other)}, which never saw it, {point['size']}"
                yield _against_stranger(make, place, point, of_other[point["size"]])


def _strangers(fits: Mapping[str, Any], curve: Mapping[str, Any], results: Results) -> list[Mapping[str, Any]]:
    """Return the curves of one language alone that is in a mix and is not the text's, where the mix holds both."""
    languages = results.languages[curve["mix"]]
    if fits["language"] not in languages:
        return []
    alone = [[language] for language in languages if language != fits["language"]]
    return [other for other in fits["curves"] if list(results.languages[other["mix"]]) in alone]


def _against_stranger(make: Make, place: str, point: Mapping[str, Any], stranger: Mapping[str, Any]) -> Cell:
    ends, other = point["interval"], stranger["interval"]
    interval = (ends[0] / other[1], ends[1] / other[0]) if ends and other else None
    value = point["loss_nats_per_token"] / stranger["loss_nats_per_token"]
    missing = "" if interval else "nothing was repeated, so a loss has no interval"
    caveat = _few_seeds(len(point["seeds"]))
    name = "loss over a stranger's"
    return make(place, name, value, interval, sizes=_range([point]), missing=missing, caveat=caveat)


def _curves(claim: Claim, results: Results) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for fits in results.fits:
        if _is_in_scope(claim, fits["language"], fits["valid"], results):
            for curve in fits["curves"]:
                yield fits, curve


def _look_up(
    values: Mapping[str, Any], number: str, interval: tuple[str, str] | str | None
) -> tuple[float | None, tuple[float, float] | None, str]:
    """Return a number, its interval, and why one of them is missing."""
    value = _walk(values, number)
    if value is None:
        return None, None, f"the results have no {number}"
    if interval is None:
        return value, None, "the claim names no interval"
    ends = _walk(values, interval) if isinstance(interval, str) else [_walk(values, key) for key in interval]
    if ends is None or None in ends:
        return value, None, "the results have no interval for it"
    return value, (ends[0], ends[1]), ""


def _walk(values: Mapping[str, Any], key: str) -> Any:
    """Return what stands at a dotted key, None where any part of it is absent."""
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(of: Mapping[str, Any]) -> str:
    return f"{language_name(of['language'])} ({of['valid']})"


def _name(curve: Mapping[str, Any]) -> str:
    return f"{curve['mix']} ({curve['schedule']})"


def _range(points: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    counts = [point[N] for point in points if point.get(N)]
    return (min(counts), max(counts)) if counts else None


def _few_seeds(seeds: int | None) -> str:
    if seeds is None or seeds >= FEW_SEEDS:
        return ""
    if seeds == 1:
        return "one seed: the noise of seeds at this size is not measured"
    return f"{seeds} seeds: their noise is poorly known"
