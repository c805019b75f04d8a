"""The price of a run: FLOPs, seconds an iteration, GPU-hours, charge, and segments against their queue's time limit.

Seconds come from the fitted model of `calibration`, or from what finished segments measured. The model knows A100-40GB
GPUs only; on a CPU there is no price, and no time until something was measured.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tenbin.flops import training_flops_per_token
from tenbin.planning.run_inputs import RunInputs
from tenbin.pricing.calibration import TimeModel, published_model
from tenbin.pricing.counts import results_folder, study_vocabulary, trained_runs
from tenbin.pricing.speeds import Speeds
from tenbin.study.execution import Placement
from tenbin.study.model import Run, Study

Source = Literal["model", "measured", "measured on other runs"]
SECONDS_PER_HOUR, HOURS_PER_DAY = 3_600, 24


@dataclass(frozen=True)
class Speed:
    """Seconds of an optimiser step, and how they are known."""

    seconds: float
    source: Source


@dataclass(frozen=True)
class Price:
    """What a number of steps of a run cost at a placement."""

    gpus: int
    hours: float | None
    """Hours of training, without waiting in queues; None: not known."""

    @property
    def days(self) -> float | None:
        """Return the days of training."""
        return None if self.hours is None else self.hours / HOURS_PER_DAY

    @property
    def gpu_hours(self) -> float | None:
        """Return the GPU-hours; None on a CPU."""
        return self.gpus * self.hours if self.gpus and self.hours is not None else None


class Prices:
    """The prices of a study's runs."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.model: TimeModel = published_model()
        self.vocabulary = study_vocabulary(study).padded
        self._segments = RunInputs(study, str(results_folder(study)))

    @cached_property
    def _speeds(self) -> Speeds:
        return Speeds(self.study, trained_runs(self.study))

    def placement(self, run: Run) -> Placement:
        """Return where a run trains."""
        return self.study.execution.placement(run.size)

    def flops_per_token(self, run: Run) -> int:
        """Return the training FLOPs of a token."""
        size = self.study.sizes[run.size]
        return training_flops_per_token(
            hidden_size=size.hidden_size,
            num_layers=size.num_layers,
            padded_vocabulary=self.vocabulary,
            sequence_length=self.study.schedules[run.schedule].sequence_length,
        )

    def tokens_per_step(self, run: Run) -> int:
        """Return the tokens of an optimiser step."""
        schedule = self.study.schedules[run.schedule]
        return schedule.batch_size * schedule.sequence_length

    def steps(self, run: Run) -> int:
        """Return the steps that a run takes itself: a decay branch those after it leaves its trunk."""
        schedule = self.study.schedules[run.schedule]
        return schedule.steps - (schedule.branch_step or 0)

    def flops(self, run: Run) -> int:
        """Return the training FLOPs of those steps."""
        return self.flops_per_token(run) * self.tokens_per_step(run) * self.steps(run)

    def speed(self, run: Run) -> Speed | None:
        """Return the seconds a step: measured by the run, by others of its size and batch, or by the model."""
        own, of_size = self._speeds.own(run), self._speeds.of_size(run)
        if own is not None:
            return Speed(own, "measured")
        if of_size is not None:
            return Speed(of_size, "measured on other runs")
        gpus = self.placement(run).gpus
        if not gpus:
            return None
        return Speed(self.model.iteration_s(self.flops_per_token(run), self.tokens_per_step(run), gpus), "model")

    def price(self, run: Run, steps: int | None = None) -> Price:
        """Return what a run costs, or some steps of it."""
        speed, count = self.speed(run), self.steps(run) if steps is None else steps
        hours = None if speed is None else speed.seconds * count / SECONDS_PER_HOUR
        return Price(self.placement(run).gpus, hours if count else 0.0)

    def floor_gpu_hours(self, run: Run) -> float | None:
        """Return the GPU-hours of the arithmetic alone, at the throughput of the model."""
        if not self.placement(run).gpus:
            return None
        return self.flops(run) / self.model.flops_per_second / SECONDS_PER_HOUR

    def charge(self, gpu_hours: float | None) -> float | None:
        """Return the site's charge for GPU-hours, None where it has no rate."""
        rate = self.study.execution.site.charge_per_gpu_hour
        return None if rate is None or gpu_hours is None else rate * gpu_hours

    # Segments.

    def segment_ends(self, run: Run) -> list[int]:
        """Return the end steps of a run's segments."""
        return self._segments.segment_ends(run)

    def usable_h(self, run: Run) -> float | None:
        """Return the hours that a job may train: its queue's limit less the margin in which it stops itself."""
        walltime_h = self.study.execution.walltime_h(run.size)
        return None if walltime_h is None else walltime_h - self.study.execution.stop_margin_s / SECONDS_PER_HOUR

    def longest_segment_h(self, run: Run) -> float | None:
        """Return the hours of the longest segment, finished ones included."""
        start = self.study.schedules[run.schedule].branch_step or 0
        ends = self.segment_ends(run)
        longest = max(end - begin for begin, end in zip([start, *ends], ends, strict=False))
        return self.price(run, longest).hours
