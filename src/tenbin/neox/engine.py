"""The engine `neox`: starts GPT-NeoX on a run, follows its log, and turns what it saves into checkpoints."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenbin.errors import UserError
from tenbin.launching.process import RankedProcess
from tenbin.launching.ranks import start_ranks
from tenbin.mixing.samples import BlendedSamples
from tenbin.neox.checkout import require_checkout
from tenbin.neox.log import Event, LogReader, StepDone, last_words
from tenbin.neox.preparation import Start, clear_passing, prepare_start
from tenbin.neox.record import Record
from tenbin.neox.saves import publish_save
from tenbin.training.checkpoints import Checkpoint, prune_checkpoints, start_checkpoint
from tenbin.training.generations import Generation
from tenbin.training.markers import segment_ends
from tenbin.training.ranked_job import STOP
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest

POLL_S = 0.1
TAIL_BYTES = 1 << 16


def advance(
    job: SegmentJob, spec: RunSpec, fingerprint: str, generation: Generation, request: StopRequest
) -> Checkpoint | None:
    """Train to `job.end_step` and return its checkpoint; on a request to stop have the state saved and return None.

    Raises UserError if the checkout, the data or the placement can't be used or GPT-NeoX dies, DivergedError if a loss
    or gradient norm is not finite.
    """
    origin = start_checkpoint(generation, spec)
    if origin and origin.step == job.end_step:
        return origin
    clear_passing(generation.run_folder)
    try:
        start = prepare_start(job, spec, generation, origin)
        return None if request.asked else Following(job, spec, fingerprint, generation, request, start).follow()
    finally:
        clear_passing(generation.run_folder)


def kernel_path(job: SegmentJob, spec: RunSpec) -> str:
    """Return the name of what computes the loss, for the marker: GPT-NeoX's commit, the device and the numerics."""
    commit = require_checkout(job.neox_home)
    return f"neox-{commit[:12]}-{'cuda' if job.placement.gpus else 'cpu'}-{spec.numerics}"


@dataclass
class Following:
    """One start of GPT-NeoX on a run, followed to its end."""

    job: SegmentJob
    spec: RunSpec
    fingerprint: str
    generation: Generation
    request: StopRequest
    start: Start
    newest: Checkpoint | None = None
    """The last checkpoint that was published."""

    def follow(self) -> Checkpoint | None:
        """Start the ranks, write down what they do, and return the checkpoint at the end."""
        schedule = self.spec.schedule
        samples = BlendedSamples(self.job.orders, self.job.tokens, schedule.sequence_length, schedule.batch_size)
        log, environment = self.start.log, self.start.environment
        with (
            Record(self.generation, self.job.end_step, schedule, samples) as record,
            start_ranks(self.start.program, self.job.placement, log=log, environment=environment) as ranks,
        ):
            for event in self._events(ranks):
                self._handle(event, record)
            status = ranks.wait()
        return self._conclude(status, record.steps)

    def _events(self, ranks: RankedProcess) -> Iterator[Event]:
        """Yield what the log tells until all ranks have ended; meanwhile pass on a request to stop."""
        reader, ended = LogReader(), False
        with self.start.log.open("rb") as stream:
            while not ended:
                ended = ranks.poll() is not None  # before reading, so that all that was written is read
                yield from reader.feed(stream.read())
                self._pass_on_request()
                time.sleep(0.0 if ended else POLL_S)

    def _pass_on_request(self) -> None:
        if self.request.taken_over:
            self.generation.require_newest()
        if self.request.asked:
            (self.generation.folder / STOP).touch()

    def _handle(self, event: Event, record: Record) -> None:
        if isinstance(event, StepDone):
            record.done(event)
            return
        record.sync()
        self.newest = publish_save(self.start.saves, self.generation, event.step, self.fingerprint)
        prune_checkpoints(self.generation, event.step, segment_ends(self.generation.run_folder))

    def _conclude(self, status: int, steps: int) -> Checkpoint | None:
        if self.newest and self.newest.step == self.job.end_step:
            return self.newest
        if status == 0 and self.request.asked:
            return None
        raise UserError(
            f"GPT-NeoX ended with status {status} after step {steps}, before step {self.job.end_step}: "
            f"{last_words(_tail(self.start.log))}. Its whole log is {self.start.log}; remove the cause and run again: "
            "it goes on from the last checkpoint"
        )


def _tail(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return stream.read().decode(errors="replace")
