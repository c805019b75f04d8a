"""Whether the mix and one language alone are equivalent within a margin fixed before the runs.

Two one-sided tests (TOST, Schuirmann 1987): equivalence is shown at 5 % where the 90 % interval of ln(mix / alone) lies
within +-ln(1 + margin). A difference that does not show is no equivalence: it is shown or it is not. Superiority (the
interval lies below 0) and non-inferiority (below the upper margin) are read off the same interval.

All sizes are equivalent only if each is (intersection-union, Berger 1982; no correction is needed for that side).
That some size lies beyond the margin is one of several chances, so its p-value is multiplied by their number.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, log
from typing import Any

from scipy.stats import t as t_distribution

from tenbin.scaling.comparing.noise import Estimate

LEVEL = 0.05
CONFIDENCE = 1 - 2 * LEVEL
POWER = 0.8
MOST_SEEDS = 100
EQUIVALENT, NOT_SHOWN, BEYOND, UNTESTED = "equivalent", "not shown", "beyond the margin", "untested"


def judge_size(ratio: Estimate, margin: float) -> dict[str, Any]:
    """Return one size's columns; the estimate is of ln(mix / alone), the margin a share of the loss.

    With one seed nothing is tested: documents alone say how these two models differ, not how training does.
    """
    ends, limit = ratio.interval(CONFIDENCE), log(1 + margin)
    low, high = (exp(ends[0]), exp(ends[1])) if ends else (None, None)
    columns = {"margin": margin, "loss_ratio_low90": low, "loss_ratio_high90": high}
    if ends is None or ratio.seeds < 2:
        return columns | _untested()
    p, p_beyond = _p_equivalent(ratio, limit), _p_beyond(ratio, limit)
    return columns | {
        "equivalence": EQUIVALENT if p < LEVEL else BEYOND if p_beyond < LEVEL else NOT_SHOWN,
        "equivalence_p": p,
        "beyond_p": p_beyond,
        "superiority": _shown(ratio.p_below(0)),
        "non_inferiority": _shown(ratio.p_below(limit)),
        "least_margin": exp(max(-ends[0], ends[1])) - 1,
        "seeds_needed": seeds_needed(ratio, margin),
    }


def judge_all_sizes(rows: Sequence[dict[str, Any]], margin: float) -> dict[str, Any]:
    """Return the verdict over all sizes of a comparison, and what it would take; rows as of `judge_size`."""
    tested = [row for row in rows if row["equivalence"] != UNTESTED]
    whole = len(tested) == len(rows) > 0
    return {
        "margin": margin,
        "verdict": _verdict(tested, whole),
        "p": max(row["equivalence_p"] for row in tested) if whole else None,
        "beyond_p": min(1.0, len(tested) * min(row["beyond_p"] for row in tested)) if tested else None,
        "sizes": len(rows),
        "equivalent_sizes": [row["size"] for row in tested if row["equivalence"] == EQUIVALENT],
        "sizes_beyond": [row["size"] for row in tested if row["equivalence"] == BEYOND],
        "least_margin": max(row["least_margin"] for row in tested) if whole else None,
        "seeds_needed": _most([row["seeds_needed"] for row in rows]),
    }


def seeds_needed(ratio: Estimate, margin: float) -> int | None:
    """Return how many seeds would show equivalence with 80 % power, were the true difference the one seen.

    None if a hundred would not do: then the difference or the noise of documents is too large for the margin.
    """
    # Power rises with seeds, so the first that has enough is found by halving.
    numbers = range(2, MOST_SEEDS + 1)
    place = bisect_left(numbers, POWER, key=lambda n: power(ratio.with_seeds(n), margin))
    return numbers[place] if place < len(numbers) else None


def power(ratio: Estimate, margin: float) -> float:
    """Return the chance that equivalence is shown at the estimate's noise, were its mean the true difference.

    By a t distribution moved to the difference, which for a handful of seeds is a little off the noncentral one. Where
    sizes may share their noise or not, as they turn out, the chance is lower: 0.66 in place of 0.78 with three seeds.
    """
    needed = t_distribution.ppf(1 - LEVEL, ratio.freedom)
    rooms = [(log(1 + margin) + sign * ratio.mean) / ratio.standard_error for sign in (1, -1)]
    return max(0.0, float(sum(t_distribution.cdf(room - needed, ratio.freedom) for room in rooms) - 1))


def _p_equivalent(ratio: Estimate, limit: float) -> float:
    return max(ratio.p_below(limit), 1 - ratio.p_below(-limit))


def _p_beyond(ratio: Estimate, limit: float) -> float:
    return min(1 - ratio.p_below(limit), ratio.p_below(-limit))


def _shown(p: float) -> str:
    return "shown" if p < LEVEL else NOT_SHOWN


def _untested() -> dict[str, Any]:
    words = dict.fromkeys(("equivalence", "superiority", "non_inferiority"), UNTESTED)
    return words | dict.fromkeys(("equivalence_p", "beyond_p", "least_margin", "seeds_needed"))


def _verdict(tested: Sequence[dict[str, Any]], whole: bool) -> str:
    if tested and len(tested) * min(row["beyond_p"] for row in tested) < LEVEL:
        return BEYOND
    if not whole:
        return UNTESTED
    return EQUIVALENT if all(row["equivalence"] == EQUIVALENT for row in tested) else NOT_SHOWN


def _most(needed: Sequence[int | None]) -> int | None:
    return max((n for n in needed if n), default=None) if None not in needed else None
