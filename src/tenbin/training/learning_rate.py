"""GPT-NeoX's learning-rate law (`megatron/learning_rates.py`, AnnealingLR), to the last bit.

Step i (from 1) has seen n = i - 1 updates. With warm-up W = share * steps, a float that is not rounded,
the rate is peak * max(1, n) / W while n <= W: the first two steps share a rate. After that it follows a
half cosine to the final rate, which step `steps` does not quite reach, or stays at the peak.
"""

import math

from tenbin.study.catalogue import Schedule


def learning_rate(step: int, schedule: Schedule) -> float:
    """Return the rate of the update of `step`, counted from 1."""
    updates, warmup = step - 1, schedule.warmup_share * schedule.steps
    if warmup > 0 and updates <= warmup:
        return schedule.peak_learning_rate * max(1, updates) / warmup
    if schedule.decay == "constant":
        return schedule.peak_learning_rate
    return _cosine(updates - warmup, schedule.steps - warmup, schedule)


def _cosine(elapsed: float, duration: float, schedule: Schedule) -> float:
    peak, final = schedule.peak_learning_rate, schedule.final_learning_rate
    return max(final, final + (peak - final) / 2.0 * (math.cos(math.pi * elapsed / duration) + 1.0))
