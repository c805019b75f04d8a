"""A sweep: runs that differ in the shares of two corpora alone, and what they lose in each of the two languages.

Shares come from the mixes' records. A sweep is one pair of corpora at one schedule, so that a language's share is
also its share of the tokens that were seen. Runs of a size start from the same seeds whatever the mix, so that
replicates draw the same documents and seeds for all shares.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.scaling.intervals import ReplicatedLosses, take_seeds
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.points import Point
from tenbin.study.proportions import MIN_PROPORTIONS


@dataclass(frozen=True)
class Side:
    """One of a sweep's two corpora, and the validation set that it is measured on."""

    corpus: str
    language: str
    valid: str


@dataclass(frozen=True)
class Sweep:
    """Two corpora at one schedule; a mix's share r is that of the second."""

    sides: tuple[Side, Side]
    schedule: str
    shares: Mapping[str, float]
    """r by mix, ascending."""


@dataclass(frozen=True)
class SizeLosses:
    """Losses of one size on one side's validation set, arrays over mixes in ascending r."""

    size: str
    n_nonembedding: float
    mixes: tuple[str, ...]
    r: FloatArray
    p: FloatArray
    """Share of the side's own language."""
    losses: tuple[tuple[float, ...], ...]
    """By mix and seed, nats/token."""
    log_loss: FloatArray
    """Mean over seeds of ln(nats/token)."""
    replicates: FloatArray
    """The same under other draws of documents and seeds (replicates, mixes)."""
    bits_per_byte: float
    """Of one nat per token of the validation set."""


def find_sweeps(points: Sequence[Point], records: Sequence[Path], valids: Sequence[str]) -> list[Sweep]:
    """Return the sweeps among the points, measured on the first of `valids` in each language.

    Raises UserError if no pair of corpora has enough proportions at one schedule, or two mixes are the same.
    """
    corpora = {path.stem: read_json(path)["corpora"] for path in records}
    languages = {id_: entry["language"] for mix in corpora.values() for id_, entry in mix.items()}
    measured = _first_valids(points, valids)
    sides = [Side(id_, lang, measured[lang]) for id_, lang in languages.items() if lang in measured]
    pairs = [pair for pair in combinations(sorted(sides, key=_by_language), 2) if pair[0].language != pair[1].language]
    curves = sorted({(point.run.schedule, point.run.mix) for point in points})
    sweeps = [
        Sweep(pair, schedule, _shares({mix: corpora[mix] for other, mix in curves if other == schedule}, pair))
        for schedule in dict.fromkeys(schedule for schedule, _ in curves)
        for pair in pairs
    ]
    sweeps = [sweep for sweep in sweeps if len(sweep.shares) >= MIN_PROPORTIONS]
    if not sweeps:
        raise UserError(
            f"no two corpora are mixed in {MIN_PROPORTIONS} proportions at one schedule, so no law of the proportion "
            "can be fitted; add mixes of the same two corpora, as config/ratio.yaml does"
        )
    return sweeps


def _by_language(side: Side) -> tuple[str, str]:
    return side.language, side.corpus


def _first_valids(points: Sequence[Point], valids: Sequence[str]) -> dict[str, str]:
    languages = {point.valid: point.language for point in points}
    missing = [valid for valid in valids if valid not in languages]
    if missing:
        raise UserError(f"the losses table has no validation set {', '.join(missing)}; it has {', '.join(languages)}")
    return {languages[valid]: valid for valid in reversed(valids)}


def _shares(corpora: Mapping[str, Mapping[str, Mapping[str, float]]], pair: tuple[Side, Side]) -> dict[str, float]:
    """Return the share of the pair's second corpus by mix, for mixes of nothing else, ascending."""
    weights = {mix: {id_: entry["weight"] for id_, entry in there.items()} for mix, there in corpora.items()}
    ids = [side.corpus for side in pair]
    found = {mix: w.get(ids[1], 0.0) / sum(w.values()) for mix, w in weights.items() if set(w) <= set(ids)}
    mixes: dict[float, str] = {}
    for mix, share in found.items():
        if mixes.setdefault(share, mix) != mix:
            raise UserError(f"mixes {mixes[share]} and {mix} hold the same shares of {' and '.join(ids)}; keep one")
    return {mix: found[mix] for mix in sorted(found, key=lambda mix: found[mix])}


def collect_sizes(sweep: Sweep, side: int, points: Sequence[Point], replicated: ReplicatedLosses) -> list[SizeLosses]:
    """Return one side's losses by size, smallest first; sizes with too few proportions are left out."""
    cells: dict[tuple[float, str], dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for point in sorted(points, key=lambda point: point.run):
        of_sweep = point.run.schedule == sweep.schedule and point.run.mix in sweep.shares
        if of_sweep and point.valid == sweep.sides[side].valid:
            cells[point.n["n_nonembedding"], point.run.size][point.run.mix].append(point)
    return [
        _collect(sweep, side, mixes, replicated) for _, mixes in sorted(cells.items()) if len(mixes) >= MIN_PROPORTIONS
    ]


def _collect(sweep: Sweep, side: int, cells: Mapping[str, Sequence[Point]], replicated: ReplicatedLosses) -> SizeLosses:
    mixes = tuple(mix for mix in sweep.shares if mix in cells)
    r = np.array([sweep.shares[mix] for mix in mixes])
    any_point = cells[mixes[0]][0]
    size = any_point.run.size
    losses = tuple(tuple(point.loss for point in cells[mix]) for mix in mixes)
    drawn = [take_seeds(size, [replicated.losses[point.run] for point in cells[mix]]) for mix in mixes]
    return SizeLosses(
        size=size,
        n_nonembedding=any_point.n["n_nonembedding"],
        mixes=mixes,
        r=r,
        p=r if side else 1 - r,
        losses=losses,
        log_loss=np.array([np.log(by_seed).mean() for by_seed in losses]),
        replicates=np.stack([np.log(replicates).mean(axis=1) for replicates in drawn], axis=1),
        bits_per_byte=_bits_per_byte(any_point),
    )


def _bits_per_byte(point: Point) -> float:
    if point.bits_per_byte is None:
        raise UserError(
            f"the losses table has no bits_per_byte for {' '.join(map(str, point.run))} on {point.valid}; languages "
            "compare in no other unit, so add the column"
        )
    return point.bits_per_byte / point.loss
