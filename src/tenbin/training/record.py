"""What every engine writes down of each step: a line of the history, TensorBoard's scalars, and now and then a line
of the log."""

from types import TracebackType
from typing import Self

from tenbin.study.catalogue import Schedule
from tenbin.training.generations import Generation
from tenbin.training.history import HistoryWriter, Line
from tenbin.training.log import Progress
from tenbin.training.step import StepTaken
from tenbin.training.tensorboard import ScalarWriter

SCALARS = ("loss", "learning_rate", "grad_norm", "loss_scale")


class StepRecord:
    """Writes into a generation's folder; a context manager."""

    def __init__(self, generation: Generation, end_step: int, schedule: Schedule) -> None:
        self._history = HistoryWriter(generation)
        self._scalars = ScalarWriter(generation.folder / "tensorboard")
        self._tokens_per_step = schedule.batch_size * schedule.sequence_length
        self._steps, self._end_step = schedule.steps, end_step
        self.count_from(generation.start.step)

    def count_from(self, step: int) -> None:
        """Reckon speed and time left from now, when `step` steps have been taken."""
        self._progress = Progress(step, self._end_step, self._steps, self._tokens_per_step)

    def note(self, taken: StepTaken, tokens_per_corpus: dict[str, int]) -> None:
        """Write down a step; the tokens are those of each corpus up to its end."""
        line = _line(taken, tokens_per_corpus)
        self._history.write(line)
        scalars = {name: line[name] for name in SCALARS if line.get(name) is not None}
        self._scalars.write(taken.step, scalars | {"tokens_per_second": self._tokens_per_step / taken.seconds})

    def report(self, taken: StepTaken) -> None:
        """Write a line of the log if it is time to."""
        if self._progress.report(taken.step, taken.loss, taken.learning_rate):
            self._scalars.flush()

    def sync(self) -> None:
        """Bring the history to disk: a checkpoint must never be ahead of it."""
        self._history.sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._history.close()
        self._scalars.close()


def _line(taken: StepTaken, tokens_per_corpus: dict[str, int]) -> Line:
    line = {
        "step": taken.step,
        "tokens": sum(tokens_per_corpus.values()),
        "tokens_per_corpus": tokens_per_corpus,
        "learning_rate": taken.learning_rate,
        "loss": taken.loss,
        "grad_norm": taken.gradient_norm,
        "seconds": taken.seconds,
    }
    return line | ({} if taken.loss_scale is None else {"loss_scale": taken.loss_scale})
