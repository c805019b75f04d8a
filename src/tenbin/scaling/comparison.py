"""One language alone against a mix that holds it: loss ratios size by size, and what they are worth in parameters.

Runs of equal size and seed start from the same weights and are scored on the same documents, so they
are compared in pairs: the ratio is the geometric mean over seeds, and replicates of documents and seeds
draw the same for both. The effective-parameter ratio is the N that the language alone needs for the
mix's loss, over the mix's own N: where the fitted curve of the language alone has changed by the
measured loss ratio, so that the fit's residuals do not pass for an effect of the mix. It is given only
where that curve was measured, within a factor of two.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.errors import UserError
from tenbin.files import record_file, write_bytes, write_json
from tenbin.scaling.curves import ESTIMATOR, choose_form, curve_arrays, reason_not_fitted, replicate_means
from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FittedCurves, FloatArray
from tenbin.scaling.intervals import ReplicatedLosses, interval, read_document_tables, replicate_losses, take_seeds
from tenbin.scaling.points import DEFINITIONS, Curve, Point, SizePoints, group_curves, read_points
from tenbin.scaling.wording import describe_comparison, describe_headlines
from tenbin.study.comparisons import Comparison

RANGE_FACTOR = 2.0
"""How far beyond the measured sizes the curve of one language alone is trusted."""


def compare_mixes(
    points_table: Path,
    points_record: Path | None,
    *,
    comparisons: Sequence[Comparison],
    documents: Sequence[Path],
    table: Path,
    record: Path,
) -> None:
    """Compare all pairs of curves on every validation set of their language; write a CSV and a JSON with sentences.

    Raises UserError if the table lacks a curve that is to be compared.
    """
    points = read_points(points_table, points_record)
    replicated = _replicate_by_valid(points, documents)
    results = [
        _compare(comparison, pair, replicated[pair.mono.valid])
        for comparison in comparisons
        for pair in _find_pairs(comparison, points, points_table)
    ]
    write_bytes(table, _spell([row for result in results for row in result["rows"]]))
    files = {"table": record_file(table)}
    headlines = describe_headlines(results)
    write_json(record, {"estimator": ESTIMATOR, "headlines": headlines, "comparisons": results, "files": files})


@dataclass(frozen=True)
class CurvePair:
    """The curves of one language alone and of the mix on one validation set."""

    mono: Curve
    mix: Curve

    def sizes(self) -> Iterator[tuple[SizePoints, SizePoints]]:
        """Yield the sizes of both, seeds reduced to those in common; a size without any is left out."""
        of_mix = {size.size: size for size in self.mix.sizes}
        for size in self.mono.sizes:
            if size.size in of_mix:
                mono, mix = _common_seeds(size, of_mix[size.size])
                if mono.points:
                    yield mono, mix


def _replicate_by_valid(points: Sequence[Point], documents: Sequence[Path]) -> dict[str, ReplicatedLosses]:
    tables = read_document_tables(documents, points)
    by_valid = {point.valid: [p for p in points if p.valid == point.valid] for point in points}
    return {valid: replicate_losses(those, tables) for valid, those in by_valid.items()}


def _find_pairs(comparison: Comparison, points: Sequence[Point], table: Path) -> Iterator[CurvePair]:
    those = [point for point in points if point.language == comparison.language]
    if not those:
        raise UserError(f"{table} has no validation set of language {comparison.language}, which is to be compared")
    curves = {(curve.mix, curve.schedule, curve.valid): curve for curve in group_curves(those)}
    for valid in sorted({point.valid for point in those}):
        wanted = ((comparison.mono_mix, comparison.mono_schedule), (comparison.mix, comparison.mix_schedule))
        for mix, schedule in wanted:
            if (mix, schedule, valid) not in curves:
                raise UserError(f"{table} has no runs of mix {mix}, schedule {schedule}, on validation set {valid}")
        yield CurvePair(*(curves[*curve, valid] for curve in wanted))


def _compare(comparison: Comparison, pair: CurvePair, replicated: ReplicatedLosses) -> dict[str, Any]:
    worths = [_fit_worth(pair.mono, definition, replicated) for definition in DEFINITIONS]
    head = {"language": comparison.language, "valid": pair.mono.valid, **comparison.model_dump(exclude={"language"})}
    rows = [head | _describe_size(mono, mix, replicated, worths) for mono, mix in pair.sizes()]
    source = replicated.source(pair.mono.points + pair.mix.points)
    steps = {"mono_steps": pair.mono.steps, "mix_steps": pair.mix.steps}
    result = {**head, **steps, "document_noise": source, "rows": rows}
    return result | {"sentence": describe_comparison(result)}


def _describe_size(
    mono: SizePoints, mix: SizePoints, replicated: ReplicatedLosses, worths: Sequence["_Worth"]
) -> dict[str, Any]:
    ratio, difference = _paired(*(np.array([[p.loss for p in side.points]]) for side in (mono, mix)))
    drawn = [take_seeds(mono.size, [replicated.losses[p.run] for p in side.points]) for side in (mono, mix)]
    ratios, differences = _paired(*drawn)
    ends = interval(ratios)
    bits_per_nat = _bits_per_byte_and_nat(mix)
    return {
        "size": mono.size,
        **{definition: mono.n.get(definition) for definition in DEFINITIONS},
        "seeds": len(mono.points),
        "mono_loss_nats_per_token": mono.mean_loss,
        "mix_loss_nats_per_token": mix.mean_loss,
        **_with_ends("loss_ratio", float(ratio[0]), ends),
        **_with_ends("difference_nats_per_token", float(difference[0]), interval(differences)),
        **_with_ends(
            "difference_bits_per_byte",
            float(difference[0] * bits_per_nat) if bits_per_nat else None,
            interval(differences * bits_per_nat) if bits_per_nat else None,
        ),
        "verdict": _verdict(ends),
        **{key: value for worth in worths for key, value in worth.describe(mono, float(ratio[0]), ratios).items()},
    }


def _paired(mono: FloatArray, mix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return geometric mean ratios and mean differences over seeds; arguments (replicates, seeds)."""
    return np.exp(np.log(mix / mono).mean(axis=1)), (mix - mono).mean(axis=1)


def _verdict(ends: list[float] | None) -> str:
    if ends is None:
        return "no interval"
    if ends[1] < 1:
        return "mix better"
    return "mix worse" if ends[0] > 1 else "undecided"


@dataclass(frozen=True)
class _Worth:
    """What a loss ratio is worth in parameters, by the fitted curve of the language alone."""

    definition: str
    reason: str | None
    """Why there is no fitted curve; the rest is then None."""
    curve: FittedCurves | None = None
    replicates: FittedCurves | None = None
    limits: tuple[float, float] = (0.0, 0.0)

    def describe(self, size: SizePoints, ratio: float, ratios: FloatArray) -> dict[str, Any]:
        """Return the effective-parameter ratio of a size, its interval, and why either is missing."""
        value, ends, note = self._measure(size, ratio, ratios)
        name = f"effective_{self.definition}"
        return {**_with_ends(f"{name}_ratio", value, ends), f"{name}_note": note}

    def _measure(
        self, size: SizePoints, ratio: float, ratios: FloatArray
    ) -> tuple[float | None, list[float | None] | None, str]:
        if self.curve is None or self.replicates is None:
            return None, None, f"the language alone is not fitted: {self.reason}"
        n = size.n[self.definition]
        low, high = self.limits
        needed = float(_n_at_ratio(self.curve, n, np.array([ratio]))[0])
        if not low <= needed <= high:
            side = "above" if needed > high else "below"
            return (
                None,
                None,
                f"the language alone would need N {side} {low:.6g} to {high:.6g}, the range it is fitted in",
            )
        ends = interval(np.clip(_n_at_ratio(self.replicates, n, ratios), low, high))
        # An end at a limit lies somewhere beyond it.
        inside = [None if end in self.limits else end / n for end in ends or ()]
        return needed / n, inside or None, "an end of the interval lies beyond the range" if None in inside else ""


def _fit_worth(mono: Curve, definition: str, replicated: ReplicatedLosses) -> _Worth:
    reason = reason_not_fitted(mono, definition)
    if reason:
        return _Worth(definition, reason)
    n, losses = curve_arrays(mono, definition)
    form = choose_form(n, losses).form
    curve, replicates = fit(form, n, losses[None]), fit(form, n, replicate_means(mono, replicated))
    return _Worth(definition, None, curve, replicates, (n.min() / RANGE_FACTOR, n.max() * RANGE_FACTOR))


def _n_at_ratio(curves: FittedCurves, n: float, ratio: FloatArray) -> FloatArray:
    """Return where each curve's loss is its loss at n times its ratio; arrays (curves,)."""
    return curves.n_at(curves.loss_at(np.array([n]))[:, 0] * ratio)


def _with_ends(name: str, value: float | None, ends: Sequence[float | None] | None) -> dict[str, float | None]:
    low, high = ends or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _bits_per_byte_and_nat(size: SizePoints) -> float | None:
    """Return bits/byte for one nat/token: a constant of tokenizer and text, so any run tells it."""
    point = size.points[0]
    return point.bits_per_byte / point.loss if point.bits_per_byte else None


def _common_seeds(mono: SizePoints, mix: SizePoints) -> tuple[SizePoints, SizePoints]:
    common = {p.run.seed for p in mono.points} & {p.run.seed for p in mix.points}
    first, second = (
        SizePoints(side.size, side.n, tuple(p for p in side.points if p.run.seed in common)) for side in (mono, mix)
    )
    return first, second


def _spell(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode()
