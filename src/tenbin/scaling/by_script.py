"""Losses within a validation set by script: kana and kanji, Latin letters, all else.

Japanese text quotes English and holds code, and a Japanese corpus trains on both, so that a mix may change the Latin
part of a Japanese text and leave the Japanese part alone. Scripts are those of the tokens; one that holds less than a
hundredth of the targets is left out. Intervals draw documents and seeds as those of the whole text do.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.evaluation.documents import ScriptTotals, read_script_totals
from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import POWER_LAW, FloatArray
from tenbin.scaling.intervals import identify, interval, replicate_losses, take_seeds
from tenbin.scaling.points import DEFINITIONS, Curve, Point, RunId, SizePoints

LEAST_SHARE = 0.01
MIN_SIZES = 3

Tables = Mapping[RunId, Mapping[str, ScriptTotals]]


def read_script_tables(paths: Sequence[Path], valid: str) -> Tables:
    """Read the documents tables of a validation set's runs, sums by script."""
    keys = {path: identify(path) for path in paths}
    return {run: read_script_totals(path) for path, (run, of) in keys.items() if of == valid}


def describe_scripts(curve: Curve, tables: Tables) -> list[dict[str, Any]]:
    """Return a curve's losses by script; none where a run has no table of its documents."""
    if any(point.run not in tables for point in curve.points):
        return []
    totals = tables[curve.points[0].run]
    targets = {script: float(found.targets.sum()) for script, found in totals.items()}
    shares = {script: number / sum(targets.values()) for script, number in targets.items()}
    return [_describe(curve, tables, script, share) for script, share in shares.items() if share >= LEAST_SHARE]


def _describe(curve: Curve, tables: Tables, script: str, share: float) -> dict[str, Any]:
    totals = {point.run: tables[point.run][script] for point in curve.points}
    points = {point.run: _with_loss(point, totals[point.run]) for point in curve.points}
    sizes = [replace(size, points=tuple(points[point.run] for point in size.points)) for size in curve.sizes]
    replicated = replicate_losses(list(points.values()), {(run, curve.valid): found for run, found in totals.items()})
    means = np.stack(
        [take_seeds(s.size, [replicated.losses[p.run] for p in s.points]).mean(axis=1) for s in sizes], axis=1
    )
    first = next(iter(totals.values()))
    bits_per_nat = first.targets.sum() / first.num_bytes / math.log(2) if first.num_bytes else None
    return {
        "script": script,
        "share_of_targets": share,
        "sizes": [_describe_size(size, means[:, i], bits_per_nat) for i, size in enumerate(sizes)],
        "exponent": {definition: _exponent(sizes, definition, means) for definition in DEFINITIONS},
    }


def _with_loss(point: Point, totals: ScriptTotals) -> Point:
    return replace(point, loss=float(totals.nats.sum() / totals.targets.sum()), loss_stderr=None)


def _describe_size(size: SizePoints, means: FloatArray, bits_per_nat: float | None) -> dict[str, Any]:
    return {
        "size": size.size,
        **{definition: size.n.get(definition) for definition in DEFINITIONS},
        "loss_nats_per_token": size.mean_loss,
        "bits_per_byte": size.mean_loss * bits_per_nat if bits_per_nat else None,
        "interval": interval(means),
    }


def _exponent(sizes: Sequence[SizePoints], definition: str, means: FloatArray) -> dict[str, Any] | None:
    """Return alpha of a power law without a constant, a mean slope that compares scripts."""
    n = np.array([size.n.get(definition, np.nan) for size in sizes])
    if np.isnan(n).any() or len(np.unique(n)) < MIN_SIZES:
        return None
    losses = np.array([[size.mean_loss for size in sizes]])
    return {
        "value": float(fit(POWER_LAW, n, losses).exponent[0]),
        "interval": interval(fit(POWER_LAW, n, means).exponent),
    }
