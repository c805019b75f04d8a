"""What the other language's tokens are worth, in tokens of the language itself.

Let the language alone reach a loss with D tokens, and the mix the same loss with S tokens of both, a share p of them
the language's. The data multiplier is D / (p S): how many tokens alone one token of the language is worth in the mix.
The bilingual transfer score (ATLAS, arXiv:2510.22037) is 1/p - S/D, for a half-and-half mix (2 D - S) / D: 0 where the
other language neither helps nor harms, above 0 where it helps. Both are one number in two spellings.

S (or D) is found on runs of one mix, size and seed that differ in their number of steps alone, along the straight line
in ln D and ln L between the two whose losses are nearest, within a factor of two of them. Without two such lengths on
either side nothing decides it, and a note says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import exp, inf, log
from typing import Any

import numpy as np

from tenbin.scaling.comparing.cells import with_ends
from tenbin.scaling.comparing.noise import Estimate, estimate, pool
from tenbin.scaling.comparing.pairs import CurvePair, LossOf, PairedSize
from tenbin.scaling.forms import FloatArray
from tenbin.scaling.intervals import CONFIDENCE, ReplicatedLosses
from tenbin.scaling.points import Point
from tenbin.study.comparisons import Comparison

RANGE_FACTOR = 2.0
"""How far beyond the measured numbers of tokens the line between two of them is trusted."""
NO_TOKENS = "the table has no column tokens, or not for all runs"
ONE_LENGTH = (
    "not decided: it needs the mix, or the language alone, at this size and all seeds for two numbers of steps "
    "with all else equal"
)
NO_LEARNING = "the loss does not fall with tokens between the runs of two lengths"


@dataclass(frozen=True)
class _Lengths:
    """The runs of one side at one size: (seed, length), lengths in rising tokens, and what each seed must reach."""

    runs: Sequence[Sequence[Point]]
    targets: Sequence[Point]

    def log_tokens_needed(self, loss_of: LossOf) -> FloatArray:
        """Return ln of the tokens that reach the targets' losses: (seeds,) or (seeds, replicates)."""
        return np.stack([_cross(runs, target, loss_of) for runs, target in zip(self.runs, self.targets, strict=True)])


@dataclass(frozen=True)
class _Measured:
    """ln of the data multiplier of one size, or why there is none."""

    note: str
    values: FloatArray = field(default_factory=lambda: np.empty(0))
    """(seeds,)."""
    found: Estimate | None = None
    limits: tuple[float, float] = (-inf, inf)
    """The values that lie within the range measured."""


def describe_data(
    comparison: Comparison, pair: CurvePair, sizes: Sequence[PairedSize], replicated: ReplicatedLosses
) -> list[dict[str, Any]]:
    """Return each size's data multiplier and transfer score with 95 % intervals, or why there are none."""
    measured = [_measure(comparison, pair, size, replicated) for size in sizes]
    known = [one for one in measured if one.found]
    pooled = iter(pool([one.found for one in known if one.found], [one.values for one in known]))
    return [_columns(comparison, replace(one, found=next(pooled)) if one.found else one) for one in measured]


def _measure(comparison: Comparison, pair: CurvePair, size: PairedSize, replicated: ReplicatedLosses) -> _Measured:
    if not all(point.tokens for both in size.runs for point in both):
        return _Measured(NO_TOKENS)
    of_mix = _find_lengths(pair, size.mix.points, comparison.mix_schedules, size.mono.points)
    of_mono = _find_lengths(pair, size.mono.points, comparison.mono_schedules, size.mix.points)
    if of_mix:
        return _find_crossing(of_mix, -1.0, comparison.mix_share, replicated)
    return _find_crossing(of_mono, 1.0, comparison.mix_share, replicated) if of_mono else _Measured(ONE_LENGTH)


def _find_crossing(lengths: _Lengths, sign: float, share: float, replicated: ReplicatedLosses) -> _Measured:
    """Sign: 1 where the lengths are those of the language alone, -1 where they are the mix's."""
    if not all(_falls(runs) for runs in lengths.runs):
        return _Measured(NO_LEARNING)
    tokens = [float(point.tokens or 0) for runs in lengths.runs for point in runs]
    low, high = min(tokens) / RANGE_FACTOR, max(tokens) * RANGE_FACTOR
    given = np.log([float(target.tokens or 0) for target in lengths.targets])[:, None]
    needed = lengths.log_tokens_needed(lambda point: point.loss)
    if not low <= np.exp(needed.mean()) <= high:
        side = "above" if np.exp(needed.mean()) > high else "below"
        return _Measured(f"the tokens needed lie {side} {low:.6g} to {high:.6g}, the range measured")
    values = sign * (needed - given[:, 0]) - log(share)
    drawn = sign * (lengths.log_tokens_needed(lambda point: replicated.losses[point.run]) - given) - log(share)
    limits = sorted(sign * (log(end) - float(given.mean())) - log(share) for end in (low, high))
    return _Measured("", values, estimate(values, drawn, replicated.num_documents), (limits[0], limits[1]))


def _columns(comparison: Comparison, measured: _Measured) -> dict[str, Any]:
    found, (low, high) = measured.found, measured.limits
    ends = (found.interval(CONFIDENCE) if found else None) or []
    inside = [exp(end) if low <= end <= high else None for end in ends]
    value = exp(found.mean) if found else None
    notes = [measured.note] * bool(measured.note)
    notes += ["an end of the interval lies beyond the range measured"] * (None in inside)
    notes += ["one seed: the interval holds noise of documents alone"] * bool(found and found.seeds < 2)
    score, *scores = [x and (1 - 1 / x) / comparison.mix_share for x in (value, *inside)]
    return {
        **with_ends("data_multiplier", value, inside),
        **with_ends("transfer_score", score, scores),
        "data_note": "; ".join(notes),
    }


def _find_lengths(
    pair: CurvePair, runs: Sequence[Point], schedules: Sequence[str], targets: Sequence[Point]
) -> _Lengths | None:
    """Return the runs of several lengths, None unless every seed has two that read different numbers of tokens."""
    found = []
    for run in runs:
        there = (pair.lengths.get(run.run._replace(schedule=schedule)) for schedule in schedules)
        by_tokens = {point.tokens: point for point in there if point and point.tokens}
        if len(by_tokens) < 2:
            return None
        found.append([by_tokens[tokens] for tokens in sorted(by_tokens, key=float)])
    return _Lengths(found, targets)


def _falls(runs: Sequence[Point]) -> bool:
    losses = [run.loss for run in runs]
    return all(after < before for before, after in pairwise(losses))


def _cross(runs: Sequence[Point], target: Point, loss_of: LossOf) -> FloatArray:
    """Return ln tokens where the line through the two lengths nearest to the target has its loss."""
    first = next((i for i, run in enumerate(runs[1:-1]) if run.loss <= target.loss), len(runs) - 2)
    (x1, y1), (x2, y2) = ((np.log(run.tokens or 0), np.log(loss_of(run))) for run in runs[first : first + 2])
    return np.asarray(x1 + (x2 - x1) * (np.log(loss_of(target)) - y1) / (y2 - y1))
