"""What rank 0 writes of a run on many processes: steps and checkpoints, as a process alone does."""

import time

import numpy as np
from numpy.typing import NDArray

from tenbin.study.catalogue import Schedule
from tenbin.training.checkpoints import prune_checkpoints, save_checkpoint
from tenbin.training.markers import segment_ends
from tenbin.training.ranked_job import RankedJob
from tenbin.training.record import StepRecord


class Record(StepRecord):
    """Writes into the generation's folder."""

    def __init__(self, ranked: RankedJob, schedule: Schedule) -> None:
        super().__init__(ranked.generation, ranked.job.end_step, schedule)
        self._ranked = ranked
        self._saved = time.monotonic()

    def asks(self) -> tuple[bool, bool]:
        """Return whether all ranks are to stop after this step, and whether to save their state after it."""
        due = time.monotonic() - self._saved >= self._ranked.job.checkpoint_interval_s
        return self._ranked.stop.exists(), due

    def save(self, step: int, state: dict[str, NDArray[np.float32]]) -> None:
        """Write a checkpoint and delete those that it makes needless."""
        generation = self._ranked.generation
        self.sync()
        save_checkpoint(generation, step, self._ranked.fingerprint, state)
        prune_checkpoints(generation, step, segment_ends(generation.run_folder))
        self._saved = time.monotonic()
