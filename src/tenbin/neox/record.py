"""What the starting process writes of a run on GPT-NeoX, from its log."""

from tenbin.mixing.samples import BlendedSamples
from tenbin.neox.log import StepDone
from tenbin.study.catalogue import Schedule
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Generation
from tenbin.training.record import StepRecord


class Record(StepRecord):
    """Writes down steps as GPT-NeoX's log tells them."""

    def __init__(self, generation: Generation, end_step: int, schedule: Schedule, samples: BlendedSamples) -> None:
        super().__init__(generation, end_step, schedule)
        self.steps = generation.start.step
        """Steps taken so far."""
        self._first_step = self.steps + 1
        self._samples = samples

    def done(self, done: StepDone) -> None:
        """Write down a step. Raises DivergedError if its loss or gradient is not finite."""
        if not done.is_finite:
            raise DivergedError(done.step, done.loss, done.gradient_norm)
        self.note(done, self._samples.tokens_per_corpus(done.step))
        if done.step == self._first_step:
            # Before the first step lie the start and, rarely, minutes of compiling.
            self.count_from(done.step)
        else:
            self.report(done)
        self.steps = done.step
