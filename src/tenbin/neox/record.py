"""What the starting process writes of a run on GPT-NeoX, from its log: history, TensorBoard and progress."""

from types import TracebackType
from typing import Any

from tenbin.mixing.samples import BlendedSamples
from tenbin.neox.log import StepDone
from tenbin.study.catalogue import Schedule
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Generation
from tenbin.training.history import HistoryWriter
from tenbin.training.log import Progress
from tenbin.training.tensorboard import ScalarWriter


class Record:
    """Writes into the generation's folder, lines like those of the other engines."""

    def __init__(self, generation: Generation, end_step: int, schedule: Schedule, samples: BlendedSamples) -> None:
        self.steps = generation.start.step
        """Steps taken so far."""
        self._samples = samples
        self._tokens_per_step = schedule.batch_size * schedule.sequence_length
        self._history = HistoryWriter(generation)
        self._scalars = ScalarWriter(generation.folder / "tensorboard")
        self._steps, self._end_step = schedule.steps, end_step
        self._progress: Progress | None = None

    def note(self, done: StepDone) -> None:
        """Write down a step. Raises DivergedError if its loss or gradient is not finite."""
        if not done.is_finite:
            raise DivergedError(done.step, done.loss, done.gradient_norm)
        tokens = self._samples.tokens_per_corpus(done.step)
        line: dict[str, Any] = {
            "step": done.step,
            "tokens": sum(tokens.values()),
            "tokens_per_corpus": tokens,
            "learning_rate": done.learning_rate,
            "loss": done.loss,
            "grad_norm": done.gradient_norm,
            "seconds": done.seconds,
        }
        if done.loss_scale is not None:
            line["loss_scale"] = done.loss_scale
        self._history.write(line)
        self._write_scalars(line)
        self.steps = done.step

    def sync(self) -> None:
        """Bring the history to disk: a checkpoint must never be ahead of it."""
        self._history.sync()

    def _write_scalars(self, line: dict[str, Any]) -> None:
        names = ("loss", "learning_rate", "grad_norm", "loss_scale")
        scalars = {name: line[name] for name in names if line.get(name) is not None}
        scalars["tokens_per_second"] = self._tokens_per_step / line["seconds"]
        self._scalars.write(line["step"], scalars)
        if self._progress is None:
            # Counted from the first step: before it lie the start and, rarely, minutes of compiling.
            self._progress = Progress(line["step"], self._end_step, self._steps, self._tokens_per_step)
        elif self._progress.report(line["step"], line["loss"], line["learning_rate"]):
            self._scalars.flush()

    def __enter__(self) -> "Record":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._history.close()
        self._scalars.close()
