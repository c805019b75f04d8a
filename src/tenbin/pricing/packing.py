"""The same study with small runs on shared GPUs (`execution.share_gpus`), instead of one on all GPUs of a node.

The time model prices a token on a GPU, whatever the number of GPUs, so by it packing changes no GPU-hour: a run takes
as many times longer as it has fewer GPUs. What packing would save is the part of the overhead that adding up gradients
between GPUs causes, and the published times do not tell that part from the rest. The arithmetic alone is the floor.
"""

import math
from dataclasses import dataclass

from tenbin.planning.run_inputs import RunInputs
from tenbin.pricing.cost import Price, Prices
from tenbin.pricing.counts import results_folder
from tenbin.study.model import Run, Study


@dataclass(frozen=True)
class Packed:
    """A run in its place of `execution.shared`."""

    price: Price
    segments: int
    queue: str | None


def pack(prices: Prices, run: Run) -> Packed | None:
    """Return a run on shared GPUs; None if it has no place there, trains there already, or its time is not known."""
    execution, planned = prices.study.execution, prices.price(run)
    place = execution.shared.placements.get(run.size)
    if place is None or execution.shares_gpus(run.size) or not place.gpus or planned.gpu_hours is None:
        return None
    hours = planned.gpu_hours / place.gpus
    return Packed(Price(place.gpus, hours), len(_shared_segments(prices.study, run)), place.queue)


def _shared_segments(study: Study, run: Run) -> list[int]:
    shared = study.model_copy(update={"execution": study.execution.model_copy(update={"share_gpus": True})})
    return RunInputs(shared, str(results_folder(study))).segment_ends(run)


def needed_segments(prices: Prices, run: Run, hours: float | None) -> int:
    """Return the fewest segments that some hours of training take in the run's queue."""
    usable_h = prices.usable_h(run)
    return math.ceil(hours / usable_h) if hours and usable_h else 1
