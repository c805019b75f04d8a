"""The same study with small runs packed one on each GPU, instead of one on all GPUs of a node.

The time model prices a token on a GPU, whatever the number of GPUs, so by it packing changes no GPU-hour: a run takes
as many times longer as it has fewer GPUs. What packing would save is the part of the overhead that adding up gradients
between GPUs causes, and the published times do not tell that part from the rest. The arithmetic alone is the floor.
"""

import math
from dataclasses import dataclass

from tenbin.pricing.cost import Price, Prices
from tenbin.pricing.memory import GB, study_memory
from tenbin.study.model import Run


@dataclass(frozen=True)
class Packed:
    """A run on one GPU."""

    price: Price
    segments: int


def pack(prices: Prices, run: Run) -> Packed | None:
    """Return a run on one GPU; None if it trains on one GPU or fewer, on several nodes, or does not fit one GPU."""
    placement, alone = prices.placement(run), prices.price(run)
    if placement.nodes > 1 or placement.gpus < 2 or alone.hours is None or not _fits_one_gpu(prices, run):
        return None
    hours = alone.hours * placement.gpus
    return Packed(Price(1, hours), needed_segments(prices, run, hours))


def needed_segments(prices: Prices, run: Run, hours: float | None) -> int:
    """Return the fewest segments that some hours of training take in the run's queue."""
    usable_h = prices.usable_h(run)
    return math.ceil(hours / usable_h) if hours and usable_h else 1


def _fits_one_gpu(prices: Prices, run: Run) -> bool:
    study, schedule = prices.study, prices.study.schedules[run.schedule]
    placement = prices.placement(run)
    # The micro-batch stays: a run's share of the batch grows by more micro-batches, not by larger ones.
    taken = placement.micro_batch or schedule.batch_size // placement.ranks
    single = placement.model_copy(update={"gpus_per_node": 1, "processes_per_node": None, "micro_batch": taken})
    estimate = study_memory(study, run.size, schedule.sequence_length, schedule.batch_size, single)
    return estimate.total <= study.execution.site.gpu_memory_gb * GB
