"""The step loop: batches in, history, TensorBoard and checkpoints out."""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from tenbin.training.checkpoints import Checkpoint, prune_checkpoints, save_checkpoint
from tenbin.training.generations import Generation
from tenbin.training.learning_rate import learning_rate
from tenbin.training.markers import segment_ends
from tenbin.training.network import NetworkInTraining
from tenbin.training.record import StepRecord
from tenbin.training.step import StepTaken
from tenbin.training.stopping import StopRequest


class Samples(Protocol):
    """The batches of a run, by step from 0."""

    def batch(self, step: int) -> NDArray[np.int64]:
        """Return token ids [batch, sequence_length + 1]."""

    def tokens_per_corpus(self, steps_done: int) -> dict[str, int]:
        """Return the tokens of each corpus in the first steps."""


@dataclass
class TrainingLoop:
    """One process's work on a run: from its generation's start to the end of a segment."""

    network: NetworkInTraining
    samples: Samples
    generation: Generation
    fingerprint: str
    checkpoint_interval_s: float

    def run(self, end_step: int, request: StopRequest) -> Checkpoint | None:
        """Train to `end_step` and return its checkpoint; on a request to stop save the last step and return None."""
        with StepRecord(self.generation, end_step, self.network.schedule) as record:
            done = self._steps(self.generation.start.step, end_step, request, record)
            checkpoint = self._save(done, record)
        return checkpoint if done == end_step else None

    def _steps(self, done: int, end_step: int, request: StopRequest, record: StepRecord) -> int:
        """Take steps until the end or a request to stop; return how many are done in all."""
        saved = time.monotonic()
        while done < end_step and not request.asked:
            done += 1
            taken = self._step(done)
            record.note(taken, self.samples.tokens_per_corpus(done))
            record.report(taken)
            if done < end_step and time.monotonic() - saved >= self.checkpoint_interval_s:
                self._save(done, record)
                saved = time.monotonic()
        return done

    def _step(self, step: int) -> StepTaken:
        started = time.perf_counter()
        loss, gradient_norm = self.network.step(step, torch.from_numpy(self.samples.batch(step - 1)))
        rate = learning_rate(step, self.network.schedule)
        return StepTaken(step, loss, gradient_norm, rate, time.perf_counter() - started)

    def _save(self, step: int, record: StepRecord) -> Checkpoint:
        if step == self.generation.start.step:
            return Checkpoint(self.generation.origin, step)
        record.sync()
        checkpoint = save_checkpoint(self.generation, step, self.fingerprint, self.network.state())
        prune_checkpoints(self.generation, step, segment_ends(self.generation.run_folder))
        return checkpoint
