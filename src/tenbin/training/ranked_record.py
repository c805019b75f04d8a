"""What rank 0 writes of a run on many processes: history, TensorBoard, progress and checkpoints, as one alone does."""

import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from tenbin.training.checkpoints import prune_checkpoints, save_checkpoint
from tenbin.training.history import HistoryWriter, Line
from tenbin.training.log import Progress
from tenbin.training.markers import segment_ends
from tenbin.training.ranked_job import RankedJob
from tenbin.training.ranked_network import StepResult
from tenbin.training.tensorboard import ScalarWriter

SCALARS = ("loss", "learning_rate", "grad_norm", "loss_scale")


class Record:
    """Writes into the generation's folder."""

    def __init__(self, ranked: RankedJob, steps: int, tokens_per_step: int) -> None:
        self._ranked, self._tokens_per_step = ranked, tokens_per_step
        generation, end_step = ranked.generation, ranked.job.end_step
        self._history = HistoryWriter(generation)
        self._scalars = ScalarWriter(generation.folder / "tensorboard")
        self._progress = Progress(generation.start.step, end_step, steps, tokens_per_step)
        self._saved = time.monotonic()

    def asks(self) -> tuple[bool, bool]:
        """Return whether all ranks are to stop after this step, and whether to save their state after it."""
        due = time.monotonic() - self._saved >= self._ranked.job.checkpoint_interval_s
        return self._ranked.stop.exists(), due

    def note(self, step: int, result: StepResult, tokens: dict[str, int], seconds: float) -> None:
        """Write down a step; `tokens` are those of each corpus up to its end."""
        line = _describe(step, result, tokens, seconds)
        self._history.write(line)
        scalars = {name: line[name] for name in SCALARS if line.get(name) is not None}
        self._scalars.write(step, scalars | {"tokens_per_second": self._tokens_per_step / seconds})
        if self._progress.report(step, result.loss, result.learning_rate):
            self._scalars.flush()

    def save(self, step: int, state: dict[str, NDArray[np.float32]]) -> None:
        """Write a checkpoint and delete those that it makes needless."""
        generation = self._ranked.generation
        self._history.sync()
        save_checkpoint(generation, step, self._ranked.fingerprint, state)
        prune_checkpoints(generation, step, segment_ends(generation.run_folder))
        self._saved = time.monotonic()

    def __enter__(self) -> "Record":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._history.close()
        self._scalars.close()


def _describe(step: int, result: StepResult, tokens: dict[str, int], seconds: float) -> Line:
    """Return the line of a step; in fp16 it has the loss's scale, and a null norm where the update was skipped."""
    return {
        "step": step,
        "tokens": sum(tokens.values()),
        "tokens_per_corpus": tokens,
        "learning_rate": result.learning_rate,
        "loss": result.loss,
        "grad_norm": result.gradient_norm,
        "seconds": seconds,
    } | ({} if result.loss_scale is None else {"loss_scale": result.loss_scale})
