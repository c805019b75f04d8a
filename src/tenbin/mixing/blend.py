"""Which corpus each sample of a run comes from: GPT-NeoX's blend, exactly and fast.

The law (megatron/data/helpers.cpp) is sequential: position p takes the corpus with the largest
w_c * max(p, 1) - taken_c in float64, the first of equals. Here many stretches ("lanes") of the run
advance side by side from guessed counts. A lane whose guess differs from what the lane before it
really leaves behind is run again from there, until all agree. Lane 0 starts from the truth, so by
induction the agreement is the sequential result, whatever the guesses were. Two walks of the law that
have taken equally many samples draw together (the sum of their squared differences never grows), so
that few lanes are run twice.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tenbin import recipes
from tenbin.arrays import write_npy
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, write_json
from tenbin.study.base import Entry, Identifier
from tenbin.study.catalogue import Weight

CORPORA_LIMIT = 255
LANE_SAMPLES = 1 << 10
BLOCK_SAMPLES = 1 << 24


class BlendSettings(Entry):
    """What decides a blend."""

    samples: int = Field(gt=0)
    """Samples that the run reads."""
    weights: dict[Identifier, Weight] = Field(min_length=1, max_length=CORPORA_LIMIT)
    """Weights by corpus id; the first corpus wins ties."""


def blend_corpora(settings: BlendSettings, orders: dict[str, Path], blend_path: Path, record_path: Path) -> None:
    """Write which corpus each sample position reads, and its record.

    Raises UserError if a corpus has no order, or an order with fewer samples than the blend takes.
    """
    corpora = list(settings.weights)
    if set(orders) != set(corpora):
        raise UserError(f"the mix has corpora {sorted(corpora)}, but orders are given for {sorted(orders)}")
    choices = build_blend(list(settings.weights.values()), settings.samples)
    taken = np.bincount(choices, minlength=len(corpora))
    counts = {corpus: int(count) for corpus, count in zip(corpora, taken, strict=True)}
    for corpus, path in orders.items():
        held = read_json(path)["samples_held"]
        if counts[corpus] > held:
            raise UserError(
                f"{path}: the order of {corpus} holds {held} samples, the blend takes {counts[corpus]}; "
                "make the order anew for this schedule and weight"
            )
    write_npy(blend_path, choices)
    write_json(
        record_path,
        {
            "recipe": recipes.ORDERS,
            "corpora": corpora,
            "weights": settings.weights,
            "samples": settings.samples,
            "counts": counts,
            "files": {"blend": record_file(blend_path)},
        },
    )


def build_blend(weights: Sequence[float], samples: int) -> NDArray[np.uint8]:
    """Return for every sample position the corpus it reads, as a position in `weights` [samples]."""
    shares = np.array(normalise_weights(weights))
    shares /= shares.sum()  # a second time, as GPT-NeoX does: it can change the last bit
    choices = np.empty(samples, np.uint8)
    taken = np.zeros(len(shares))
    for first in range(0, samples, BLOCK_SAMPLES):
        taken = _blend_block(shares, first, taken, choices[first : first + BLOCK_SAMPLES])
    return choices


def normalise_weights(weights: Sequence[float]) -> list[float]:
    """Divide weights by their sum, added up from left to right as in GPT-NeoX."""
    total = 0.0  # not sum(): from Python 3.12 on it compensates rounding
    for weight in weights:
        total += weight
    return [weight / total for weight in weights]


def _blend_block(
    shares: NDArray[np.float64], first: int, taken: NDArray[np.float64], choices: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Fill `choices` for the positions from `first` on; return what is taken [corpora] after the last lane."""
    num_lanes = -(-len(choices) // LANE_SAMPLES)
    starts = first + np.arange(num_lanes, dtype=np.float64) * LANE_SAMPLES
    entering = _guess_taken(shares, starts)
    entering[:, 0] = taken
    leaving = np.empty_like(entering)
    lanes = np.empty((num_lanes, LANE_SAMPLES), np.uint8)
    stale = np.arange(num_lanes)
    while len(stale):
        lanes[stale], leaving[:, stale] = _walk(shares, starts[stale], entering[:, stale])
        stale = 1 + np.flatnonzero((entering[:, 1:] != leaving[:, :-1]).any(axis=0))
        entering[:, stale] = leaving[:, stale - 1]
    choices[:] = lanes.reshape(-1)[: len(choices)]
    counts: NDArray[np.float64] = leaving[:, -1]
    return counts


def _guess_taken(shares: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round shares * position to counts that sum to the position, largest remainder first [corpora, positions]."""
    exact = shares[:, None] * positions
    counts: NDArray[np.float64] = np.floor(exact)
    missing = positions - counts.sum(axis=0)
    rank = np.argsort(np.argsort(counts - exact, axis=0, kind="stable"), axis=0, kind="stable")
    counts += rank < missing
    return counts


def _walk(
    shares: NDArray[np.float64], starts: NDArray[np.float64], entering: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Follow the law through some lanes at once; return choices [lanes, samples] and counts after [corpora, lanes]."""
    taken = entering.copy()
    lanes = np.arange(len(starts))
    choices = np.empty((LANE_SAMPLES, len(starts)), np.uint8)
    for sample in range(LANE_SAMPLES):
        deficits = shares[:, None] * np.maximum(starts + sample, 1.0) - taken
        chosen = deficits.argmax(axis=0)
        taken[chosen, lanes] += 1.0
        choices[sample] = chosen
    return choices.T, taken
