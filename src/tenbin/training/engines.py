"""The choice of the program that takes a run's steps, and what every such program offers.

All of them read the same inputs in the same order and leave the same files; which one trains follows from the spec and
the placement alone. Each is a module that is imported only when it trains: the heavy libraries are theirs.
"""

from importlib import import_module
from typing import Protocol, cast

from tenbin.errors import UserError
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest

SINGLE = "tenbin.training.single"


class Engine(Protocol):
    """What a module that trains has."""

    def advance(
        self, job: SegmentJob, spec: RunSpec, fingerprint: str, generation: Generation, request: StopRequest
    ) -> Checkpoint | None:
        """Train from the generation's start (`checkpoints.start_checkpoint`) to `job.end_step`.

        Writes history and checkpoints into the generation's folder. Returns the checkpoint at the end, or saves the
        state and returns None if asked to stop before it. Raises DivergedError at the first loss or gradient norm that
        is not finite.
        """

    def kernel_path(self, job: SegmentJob, spec: RunSpec) -> str:
        """Return the name of what computes the loss, for the marker: equal bits are promised on one path only."""


def check_split(job: SegmentJob, spec: RunSpec) -> None:
    """Raise UserError if the batch cannot be split over the placement's processes."""
    ranks, sequences = job.placement.ranks, micro_batch(job, spec)
    if not sequences or spec.schedule.batch_size % (ranks * sequences):
        raise UserError(
            f"the batch of {spec.schedule.batch_size} sequences cannot be split over {ranks} process(es) with a "
            f"micro-batch of {sequences}: choose a micro_batch so that processes x micro_batch divides the batch"
        )


def choose_engine(job: SegmentJob, spec: RunSpec) -> Engine:
    """Return the module that trains this run in this place, imported."""
    return cast("Engine", import_module(engine_module(job, spec)))


def engine_module(job: SegmentJob, spec: RunSpec) -> str:
    """Return its name: one process on the CPU needs no DeepSpeed, except for fp16, which scales the loss."""
    if spec.engine == "neox":
        return "tenbin.neox.engine"
    alone = job.placement.ranks == 1 and not job.placement.gpus
    return SINGLE if alone and spec.numerics != "fp16" else "tenbin.training.ranks"


def micro_batch(job: SegmentJob, spec: RunSpec) -> int:
    """Return the sequences that a process takes at a time."""
    return job.placement.micro_batch or spec.schedule.batch_size // job.placement.ranks


def packages(job: SegmentJob, spec: RunSpec) -> tuple[str, ...]:
    """Return the packages whose versions a marker records."""
    alone = engine_module(job, spec) == SINGLE
    return ("tenbin", "torch") if alone else ("tenbin", "torch", "deepspeed")
