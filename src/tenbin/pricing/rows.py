"""One row a run: all that the plan says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tenbin.pricing.calibration import (
    PUBLISHED_BATCH,
    PUBLISHED_LENGTH,
    PUBLISHED_STEPS,
    PUBLISHED_TIMES,
)
from tenbin.pricing.cost import Price, Prices, Speed
from tenbin.pricing.counts import run_tokens, split_counts, trained_runs
from tenbin.pricing.disk import checkpoint_bytes, kept_checkpoints, order_bytes, token_bytes
from tenbin.pricing.memory import GB, MemoryEstimate, study_memory
from tenbin.pricing.packing import Packed, needed_segments, pack
from tenbin.pricing.prospects import TrainingJob
from tenbin.study.execution import Placement
from tenbin.study.model import Run, Study

State = Literal["fresh", "re-check", "to train", "uncertain", "not selected"]


@dataclass(frozen=True)
class CorpusShare:
    """What a run reads of a corpus."""

    corpus: str
    tokens: int
    corpus_tokens: int | None
    """Tokens that there are; None: not known."""
    counted: bool
    """Whether those were counted; else they are the config's expectation."""

    @property
    def epochs(self) -> float | None:
        """Return how often the run reads the corpus."""
        return self.tokens / self.corpus_tokens if self.corpus_tokens else None


@dataclass(frozen=True)
class Row:
    """A run of the plan."""

    run: Run
    n_nonembedding: int
    n_total: int
    steps: int
    corpora: tuple[CorpusShare, ...]
    flops: int
    placement: Placement
    walltime_h: float | None
    speed: Speed | None
    price: Price
    charge: float | None
    floor_gpu_hours: float | None
    segments: int
    longest_segment_h: float | None
    memory: MemoryEstimate | None
    """None on a CPU."""
    fits: bool
    """Whether the micro-batch fits a GPU by that estimate."""
    checkpoint_bytes: int
    """Of all checkpoints that lie on the disk at once."""
    data_bytes: int | None
    """Of the tokens and orders that the run reads."""
    published_days: float | None
    packed: Packed | None
    state: State
    steps_left: int
    left: Price
    """Of the steps left."""

    @property
    def tokens(self) -> int:
        """Return the training tokens that the run sees."""
        return sum(share.tokens for share in self.corpora)

    @property
    def step_s(self) -> float | None:
        """Return the seconds of a step, None if not known."""
        return self.speed.seconds if self.speed else None

    @property
    def memory_bytes(self) -> int | None:
        """Return the estimate of a GPU's memory, None on a CPU."""
        return self.memory.total if self.memory else None


def selected_rows(prices: Prices, training: Iterable[TrainingJob]) -> list[Row]:
    """Return a row of each run that is trained, smallest sizes first."""
    by_run: dict[Run, list[TrainingJob]] = {}
    for job in training:
        by_run.setdefault(job.run, []).append(job)
    return [_row(prices, run, *_state(by_run.get(run, []))) for run in trained_runs(prices.study)]


def other_rows(prices: Prices) -> list[Row]:
    """Return rows of the sizes that are priced and not selected, with every mix, schedule and seed of the study."""
    plans = sorted({(run.mix, run.schedule, run.seed) for run in prices.study.runs()})
    chosen = {run.size for run in prices.study.runs()}
    sizes = [size for size in prices.study.execution.also_price if size not in chosen]
    runs = [Run(mix, size, schedule, seed) for size in sizes for mix, schedule, seed in plans]
    return [_row(prices, run, "not selected", prices.steps(run)) for run in runs]


def _state(jobs: list[TrainingJob]) -> tuple[State, int]:
    steps = sum(job.steps for job in jobs)
    if not jobs:
        return "fresh", 0
    if any(job.outcome == "uncertain" for job in jobs):
        return "uncertain", steps
    return ("to train", steps) if steps else ("re-check", 0)


def _row(prices: Prices, run: Run, state: State, steps_left: int) -> Row:
    study, size, placement = prices.study, prices.study.sizes[run.size], prices.placement(run)
    price, memory, selected = prices.price(run), _memory(prices, run), state != "not selected"
    return Row(
        run=run,
        n_nonembedding=size.n_nonembedding,
        n_total=size.count_total(prices.vocabulary),
        steps=prices.steps(run),
        corpora=tuple(_shares(study, run)),
        flops=prices.flops(run),
        placement=placement,
        walltime_h=study.execution.walltime_h(run.size),
        speed=prices.speed(run),
        price=price,
        charge=prices.charge(price.gpu_hours),
        floor_gpu_hours=prices.floor_gpu_hours(run),
        segments=len(prices.segment_ends(run)) if selected else needed_segments(prices, run, price.hours),
        longest_segment_h=prices.longest_segment_h(run) if selected else None,
        memory=memory,
        fits=memory is None or memory.total <= study.execution.site.gpu_memory_gb * GB,
        checkpoint_bytes=checkpoint_bytes(study, run.size) * kept_checkpoints(study, run),
        data_bytes=_data_bytes(study, run),
        published_days=_published_days(study, run),
        packed=pack(prices, run) if selected else None,
        state=state,
        steps_left=steps_left,
        left=prices.price(run, steps_left),
    )


def _memory(prices: Prices, run: Run) -> MemoryEstimate | None:
    placement, schedule = prices.placement(run), prices.study.schedules[run.schedule]
    if not placement.gpus:
        return None
    return study_memory(prices.study, run.size, schedule.sequence_length, schedule.batch_size, placement)


def _shares(study: Study, run: Run) -> Iterable[CorpusShare]:
    for corpus, tokens in run_tokens(study, run).items():
        counts = split_counts(study, corpus, "train")
        yield CorpusShare(corpus, tokens, counts.tokens, counts.counted)


def _data_bytes(study: Study, run: Run) -> int | None:
    parts = [token_bytes(study, corpus, "train") for corpus in study.mixes[run.mix].corpora]
    parts.append(order_bytes(study, run.mix, study.order_schedule(run.schedule)))
    return None if None in parts else sum(part or 0 for part in parts)


def _published_days(study: Study, run: Run) -> float | None:
    """Return the published days if this is one of the six published times: the mix of both languages, that schedule."""
    schedule = study.schedules[run.schedule]
    languages = {study.corpora[corpus].language for corpus in study.mixes[run.mix].corpora}
    published = (PUBLISHED_STEPS, PUBLISHED_BATCH, PUBLISHED_LENGTH)
    if len(languages) < 2 or (schedule.steps, schedule.batch_size, schedule.sequence_length) != published:
        return None
    return next((time.days for time in PUBLISHED_TIMES if time.size == run.size), None)
