"""The step loop: batches in, history, TensorBoard and checkpoints out."""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from tenbin.training.checkpoints import Checkpoint, prune_checkpoints, save_checkpoint
from tenbin.training.generations import Generation
from tenbin.training.history import HistoryWriter, Line
from tenbin.training.learning_rate import learning_rate
from tenbin.training.log import Progress
from tenbin.training.markers import segment_ends
from tenbin.training.network import NetworkInTraining
from tenbin.training.stopping import StopRequest
from tenbin.training.tensorboard import ScalarWriter


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
        done = self.generation.start.step
        history = HistoryWriter(self.generation)
        scalars = ScalarWriter(self.generation.folder / "tensorboard")
        try:
            done = self._steps(done, end_step, request, history, scalars)
            checkpoint = self._save(done, history)
        finally:
            history.close()
            scalars.close()
        return checkpoint if done == end_step else None

    def _steps(
        self, done: int, end_step: int, request: StopRequest, history: HistoryWriter, scalars: ScalarWriter
    ) -> int:
        """Take steps until the end or a request to stop; return how many are done in all."""
        schedule = self.network.schedule
        progress = Progress(done, end_step, schedule.steps, schedule.batch_size * schedule.sequence_length)
        saved = time.monotonic()
        while done < end_step and not request.asked:
            done += 1
            line = self._step(done)
            history.write(line)
            scalars.write(done, _scalars(line, schedule.batch_size * schedule.sequence_length))
            if progress.report(done, line["loss"], line["learning_rate"]):
                scalars.flush()
            if done < end_step and time.monotonic() - saved >= self.checkpoint_interval_s:
                self._save(done, history)
                saved = time.monotonic()
        return done

    def _step(self, step: int) -> Line:
        started = time.perf_counter()
        loss, gradient_norm = self.network.step(step, torch.from_numpy(self.samples.batch(step - 1)))
        tokens = self.samples.tokens_per_corpus(step)
        return {
            "step": step,
            "tokens": sum(tokens.values()),
            "tokens_per_corpus": tokens,
            "learning_rate": learning_rate(step, self.network.schedule),
            "loss": loss,
            "grad_norm": gradient_norm,
            "seconds": time.perf_counter() - started,
        }

    def _save(self, step: int, history: HistoryWriter) -> Checkpoint:
        if step == self.generation.start.step:
            return Checkpoint(self.generation.origin, step)
        history.sync()
        checkpoint = save_checkpoint(self.generation, step, self.fingerprint, self.network.state())
        prune_checkpoints(self.generation, step, segment_ends(self.generation.run_folder))
        return checkpoint


def _scalars(line: Line, tokens_per_step: int) -> dict[str, float]:
    names = ("loss", "learning_rate", "grad_norm")
    return {name: line[name] for name in names} | {"tokens_per_second": tokens_per_step / line["seconds"]}
