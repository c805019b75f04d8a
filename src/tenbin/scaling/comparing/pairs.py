"""Which runs are compared: those of equal size and seed, one of the language alone and one of the mix.

Such runs start from the same weights and read the language's documents in the same order, and the same text scores
both, so that what makes both losses high cancels in their ratio.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.forms import FloatArray
from tenbin.scaling.points import Curve, Point, RunId, SizePoints, group_curves
from tenbin.study.comparisons import Comparison

LossOf = Callable[[Point], FloatArray | float]
"""A run's loss (nats/token): the measured one, or those on other draws of documents (replicates,)."""


@dataclass(frozen=True)
class PairedSize:
    """One size's runs of both sides, ordered by the seeds that they have in common."""

    mono: SizePoints
    mix: SizePoints

    @property
    def runs(self) -> list[tuple[Point, Point]]:
        """Return (alone, mix) by seed."""
        return list(zip(self.mono.points, self.mix.points, strict=True))

    @property
    def compute_ratio(self) -> float | None:
        """Return training FLOPs, mix over alone, where the table has them."""
        mono, mix = self.mono.points[0].flops, self.mix.points[0].flops
        return mix / mono if mono and mix else None

    def log_ratios(self, loss_of: LossOf) -> FloatArray:
        """Return ln(mix / alone) by seed: (seeds,), or (seeds, replicates)."""
        return np.stack([np.log(loss_of(mix)) - np.log(loss_of(mono)) for mono, mix in self.runs])


@dataclass(frozen=True)
class CurvePair:
    """The curves of one language alone and of the mix on one validation set."""

    mono: Curve
    mix: Curve
    lengths: Mapping[RunId, Point]
    """Runs of either side that were trained for other numbers of steps, and those of the curves themselves."""

    def sizes(self) -> list[PairedSize]:
        """Return the sizes of both, smallest first; a size without a seed in common is left out."""
        of_mix = {size.size: size for size in self.mix.sizes}
        paired = [_common_seeds(size, of_mix[size.size]) for size in self.mono.sizes if size.size in of_mix]
        return [size for size in paired if size.mono.points]


def find_pairs(comparison: Comparison, points: Sequence[Point], table: Path) -> Iterator[CurvePair]:
    """Yield the pair of curves on every validation set of the language.

    Raises UserError if the table lacks a curve that is to be compared.
    """
    those = [point for point in points if point.language == comparison.language]
    if not those:
        raise UserError(f"{table} has no validation set of language {comparison.language}, which is to be compared")
    curves = {(curve.mix, curve.schedule, curve.valid): curve for curve in group_curves(those)}
    for valid in sorted({point.valid for point in those}):
        wanted = ((comparison.mono_mix, comparison.mono_schedule), (comparison.mix, comparison.mix_schedule))
        for mix, schedule in wanted:
            if (mix, schedule, valid) not in curves:
                raise UserError(f"{table} has no runs of mix {mix}, schedule {schedule}, on validation set {valid}")
        mono, mixed = (curves[*curve, valid] for curve in wanted)
        yield CurvePair(mono, mixed, {point.run: point for point in those if point.valid == valid})


def _common_seeds(mono: SizePoints, mix: SizePoints) -> PairedSize:
    common = {p.run.seed for p in mono.points} & {p.run.seed for p in mix.points}
    first, second = (
        SizePoints(side.size, side.n, tuple(p for p in side.points if p.run.seed in common)) for side in (mono, mix)
    )
    return PairedSize(first, second)
