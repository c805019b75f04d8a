"""What the plan says of the whole study: jobs and why they would run, the time model, the disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenbin.pricing.calibration import (
    PUBLISHED_BATCH,
    PUBLISHED_GPU,
    PUBLISHED_LENGTH,
    PUBLISHED_STEPS,
    PUBLISHED_TIMES,
    PublishedTime,
    TimeModel,
)
from tenbin.pricing.causes import FOLLOWS, count_causes
from tenbin.pricing.disk import DiskItem, DiskNeed
from tenbin.pricing.identities import PlannedJob, run_of
from tenbin.pricing.prospects import TRAINING, TrainingJob
from tenbin.pricing.spelling import BYTES, choose_unit, count, decimal, percent, spell_bytes
from tenbin.pricing.tables import Field, Table, summed, tabulate

OUTCOMES = {
    "train": "train or retrain",
    "uncertain": "retrain, or re-check if the data come out as before",
    "re-check": "re-check, no step is taken",
}
SHOWN_UNKNOWN = 5
SMALL_SHARE = 0.005
"""Of the disk: what is smaller is shown together."""


@dataclass(frozen=True)
class _Jobs:
    what: str
    number: int
    why: str


def jobs_table(jobs: Sequence[PlannedJob], training: Sequence[TrainingJob]) -> Table:
    """Return how many jobs of each rule would run, and why; training jobs by what they would do."""
    lines = [line for rule in dict.fromkeys(job.rule for job in jobs) for line in _lines(rule, jobs, training)]
    fields: list[Field[_Jobs]] = [
        Field("job", lambda line: line.what, lambda _: "all", right=False),
        Field("number", lambda line: count(line.number), lambda lines: count(sum(line.number for line in lines))),
        Field("why", lambda line: line.why, right=False),
    ]
    if not lines:
        return Table("What would run, and why", [], ["Nothing: everything is up to date."])
    return tabulate("What would run, and why", lines, fields)


def _lines(rule: str, jobs: Sequence[PlannedJob], training: Sequence[TrainingJob]) -> Iterable[_Jobs]:
    of_rule = [job for job in jobs if job.rule == rule]
    if rule != TRAINING:
        return [_Jobs(rule, len(of_rule), _spell_causes(of_rule))]
    outcomes = {(job.run, job.end_step): job.outcome for job in training}
    split: dict[str, list[PlannedJob]] = {words: [] for words in OUTCOMES.values()}
    for job in of_rule:
        split[OUTCOMES[outcomes[run_of(job.wildcards), int(job.wildcards["end_step"])]]].append(job)
    return [_Jobs(f"{TRAINING}: {words}", len(some), _spell_causes(some)) for words, some in split.items() if some]


def _spell_causes(jobs: Sequence[PlannedJob]) -> str:
    """Return the causes of some jobs, with their numbers where there are several causes."""
    causes = count_causes(jobs)
    ordered = sorted(causes.items(), key=lambda pair: (pair[0] == FOLLOWS, -pair[1], pair[0]))
    return ordered[0][0] if len(ordered) == 1 else ", ".join(f"{cause}: {count(number)}" for cause, number in ordered)


def model_table(model: TimeModel, gpu: str) -> Table:
    """Return the published times beside the model's, with the error of each."""
    fields: list[Field[PublishedTime]] = [
        Field("size", lambda time: time.size, lambda _: "all", right=False),
        Field("GPUs", lambda time: count(time.gpus)),
        Field("days, published", lambda time: decimal(time.days)),
        Field("days, by the model", lambda time: decimal(time.days * (1 + model.error(time)), 2)),
        Field("error of the model", lambda time: percent(model.error(time))),
        Field("seconds a step, published", lambda time: decimal(time.step_s, 3)),
        Field("seconds a step, by the model", lambda time: decimal(time.step_s * (1 + model.error(time)), 3)),
        summed("GPU-hours, published", count, lambda time: time.gpu_hours),
        summed("GPU-hours, by the model", count, lambda time: time.gpu_hours * (1 + model.error(time))),
    ]
    notes = [
        f"The model: seconds per token and GPU = {1e6 * model.overhead_s:.2f} microseconds + FLOPs per token / "
        f"{model.flops_per_second / 1e12:.0f} TFLOP/s. Both constants minimise the squared logarithms of modelled over "
        f"published time of these runs: {PUBLISHED_STEPS:,} steps of {PUBLISHED_BATCH:,} x {PUBLISHED_LENGTH:,} tokens "
        f"of the mix on {PUBLISHED_GPU}; the largest ran on four nodes.",
    ]
    if gpu != PUBLISHED_GPU:
        notes.append(
            f"Nothing was fitted to {gpu}: until segments are measured, its times are those of {PUBLISHED_GPU}."
        )
    return tabulate("The time model against the published times", PUBLISHED_TIMES, fields, notes)


def disk_table(need: DiskNeed, budget_gb: float | None) -> Table:
    """Return what a study puts on the disk, largest parts first, the small ones together."""
    known = sorted((item for item in need.items if item.size_bytes), key=lambda item: -(item.size_bytes or 0))
    large = [item for item in known if (item.size_bytes or 0) >= SMALL_SHARE * need.peak]
    unit = choose_unit(BYTES, [need.peak])
    fields: list[Field[DiskItem]] = [
        Field("what", lambda item: item.what, lambda _: "all, at the worst moment", right=False),
        Field(unit.name, lambda item: unit.spell(item.size_bytes), lambda _: unit.spell(need.peak)),
        Field("stays", lambda item: "no" if item.temporary else "yes", right=False),
    ]
    notes = [f"{spell_bytes(need.lasting)} stay. An upper bound: all that is temporary is counted at once."]
    if budget_gb is not None:
        notes.append(f"The budget (execution.disk_budget_gb) is {budget_gb:,g} GB.")
    if need.unknown:
        more = len(need.unknown) - SHOWN_UNKNOWN
        shown = ", ".join(need.unknown[:SHOWN_UNKNOWN]) + (f" and {more} more" if more > 0 else "")
        notes.append(f"Not counted, for the size is not known beforehand: {shown}.")
    return tabulate("Disk", [*large, *_together(known[len(large) :])], fields, notes)


def _together(items: Sequence[DiskItem]) -> Iterable[DiskItem]:
    for temporary in (False, True):
        some = [item for item in items if item.temporary == temporary]
        if some:
            yield DiskItem(f"smaller parts, {len(some)}", sum(item.size_bytes or 0 for item in some), temporary)
