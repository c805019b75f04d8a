"""GPT-NeoX's learning-rate law (`megatron/learning_rates.py`, AnnealingLR), to the last bit, and that of branches.

Step i (from 1) has seen n = i - 1 updates. With warm-up W = share * steps, a float that is not rounded,
the rate is peak * max(1, n) / W while n <= W: the first two steps share a rate. After that it follows, with
the elapsed share x = (n - W) / (steps - W),

    cosine    final + (peak - final) / 2 * (cos(pi x) + 1), which step `steps` does not quite bring to the end,
    linear    peak * (1 - x), held at `final` once it is there,
    constant  peak.

A decay branch that leaves its trunk after step s takes no step up to s; then x = (n - s) / (steps - s), so that
step s + 1 still has the peak, and the rate follows the cosine above or the line peak - (peak - final) x.
"""

import math

from tenbin.study.catalogue import Schedule


def learning_rate(step: int, schedule: Schedule) -> float:
    """Return the rate of the update of `step`, counted from 1; of a branch for steps after `branch_step`."""
    if schedule.branch_step is not None:
        return _branch_rate(step - 1 - schedule.branch_step, schedule.steps - schedule.branch_step, schedule)
    updates, warmup = step - 1, schedule.warmup_share * schedule.steps
    if warmup > 0 and updates <= warmup:
        return schedule.peak_learning_rate * max(1, updates) / warmup
    if schedule.decay == "constant":
        return schedule.peak_learning_rate
    return _decayed(updates - warmup, schedule.steps - warmup, schedule)


def _decayed(elapsed: float, duration: float, schedule: Schedule) -> float:
    if schedule.decay == "linear":
        return max(schedule.final_learning_rate, schedule.peak_learning_rate * (duration - elapsed) / duration)
    return _cosine(elapsed, duration, schedule)


def _branch_rate(elapsed: int, duration: int, schedule: Schedule) -> float:
    assert elapsed >= 0, "a branch takes no step of its trunk"
    if schedule.decay == "linear":
        return schedule.peak_learning_rate - (
            (schedule.peak_learning_rate - schedule.final_learning_rate) * elapsed / duration
        )
    return _cosine(elapsed, duration, schedule)


def _cosine(elapsed: float, duration: float, schedule: Schedule) -> float:
    peak, final = schedule.peak_learning_rate, schedule.final_learning_rate
    return max(final, final + (peak - final) / 2.0 * (math.cos(math.pi * elapsed / duration) + 1.0))
