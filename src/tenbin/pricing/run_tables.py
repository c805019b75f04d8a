"""What the plan says run by run: cost, what is left, what is read, packed on shared GPUs, and sizes not selected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenbin.pricing.packing import Packed
from tenbin.pricing.rows import CorpusShare, Row
from tenbin.pricing.spelling import BYTES, HOURS, TOKENS, Unit, choose_unit, count, decimal, scientific, significant
from tenbin.pricing.tables import Field, Table, summed, tabulate
from tenbin.study.execution import Site

GIGABYTES = BYTES[0]

RUN: list[Field[Row]] = [
    Field("mix", lambda row: row.run.mix, lambda _: "all", right=False),
    Field("size", lambda row: row.run.size, right=False),
    Field("schedule", lambda row: row.run.schedule, right=False),
    Field("seed", lambda row: str(row.run.seed)),
]
PARAMETERS: list[Field[Row]] = [
    Field("parameters without embeddings", lambda row: count(row.n_nonembedding)),
    Field("parameters with embeddings", lambda row: count(row.n_total)),
]


def cost_table(rows: Sequence[Row], site: Site) -> Table:
    """Return shape, work, time and price of each run."""
    tokens, time = choose_unit(TOKENS, (row.tokens for row in rows)), _time_unit(rows)
    fields = [
        *RUN,
        *PARAMETERS,
        Field(f"tokens, {tokens.name}", lambda row: tokens.spell(row.tokens)),
        Field("steps", lambda row: count(row.steps)),
        summed("FLOPs", scientific, lambda row: row.flops),
        Field("GPUs", lambda row: count(row.placement.gpus or None)),
        Field("seconds a step", lambda row: significant(row.step_s)),
        Field("known from", lambda row: row.speed.source if row.speed else "", right=False),
        Field(f"training, {time.name}", lambda row: time.spell(row.price.hours)),
        Field("published days", lambda row: decimal(row.published_days)),
        summed("GPU-hours", count, lambda row: row.price.gpu_hours),
        summed(f"charge, {site.charge_unit}s", count, lambda row: row.charge),
    ]
    return tabulate("What the runs cost", rows, fields, _cost_notes(rows))


def _cost_notes(rows: Sequence[Row]) -> list[str]:
    first = rows[0]
    notes = [
        "Training is computing alone, without waiting in queues.",
        f"FLOPs count the unembedding and attention; 6 x parameters without embeddings x tokens would price "
        f"{first.run.size} {first.flops / (6 * first.n_nonembedding * first.tokens):,.0f} times too low.",
    ]
    sources = {row.speed.source for row in rows if row.speed}
    if "model" in sources:
        notes.append("Seconds a step from the model: a cost per token and GPU plus FLOPs over throughput; see below.")
    if sources - {"model"}:
        notes.append("Measured seconds are the median of a finished segment's last steps.")
    if any(row.published_days for row in rows):
        notes.append("Published days are the study's own, for the mix of both languages.")
    return notes


def work_table(rows: Sequence[Row]) -> Table:
    """Return what is left of each run, its jobs against their queue, and what it needs of memory and disk."""
    kept = choose_unit(BYTES, (row.checkpoint_bytes for row in rows))
    read = choose_unit(BYTES, (row.data_bytes for row in rows))
    fields = [
        *RUN,
        Field("state", lambda row: row.state, right=False),
        Field("steps left", lambda row: count(row.steps_left)),
        summed("GPU-hours left", count, lambda row: row.left.gpu_hours),
        summed("segments", count, lambda row: row.segments),
        Field("longest segment, hours", lambda row: significant(row.longest_segment_h) if row.walltime_h else ""),
        Field("limit of the queue, hours", lambda row: significant(row.walltime_h)),
        Field("queue", lambda row: row.placement.queue or "", right=False),
        Field("nodes", lambda row: count(row.placement.nodes) if row.placement.gpus else ""),
        Field("memory of a GPU, GB", lambda row: GIGABYTES.spell(row.memory_bytes)),
        summed(f"checkpoints, {kept.name}", kept.spell, lambda row: row.checkpoint_bytes),
        Field(f"data it reads, {read.name}", lambda row: read.spell(row.data_bytes)),
    ]
    notes = [
        "fresh: trained and up to date. re-check: its training jobs would run and find their work done. to train: "
        "steps are left. uncertain: to train, unless what it is made from comes out as it was.",
    ]
    return tabulate("What is left to train, and what it needs", rows, fields, notes)


def packed_table(rows: Sequence[Row]) -> Table | None:
    """Return the prices of small runs on shared GPUs, beside those planned; None if there are no such runs."""
    small = [row for row in rows if row.packed]
    if not small:
        return None
    fields = [
        *RUN,
        Field("GPUs planned", lambda row: count(row.placement.gpus)),
        Field("days planned", lambda row: significant(row.price.days)),
        Field("segments planned", lambda row: count(row.segments)),
        summed("GPU-hours planned", count, lambda row: row.price.gpu_hours),
        Field("queue packed", lambda row: _packed(row).queue or "", right=False),
        Field("GPUs packed", lambda row: count(_packed(row).price.gpus)),
        Field("days packed", lambda row: significant(_packed(row).price.days)),
        Field("segments packed", lambda row: count(_packed(row).segments)),
        summed("GPU-hours packed", count, lambda row: _packed(row).price.gpu_hours),
        summed("GPU-hours of the arithmetic alone", count, lambda row: row.floor_gpu_hours),
    ]
    notes = [
        "Packed: several runs side by side on the GPUs of a node, in the places of execution.shared. With "
        "execution.share_gpus set to true it is done so. Nobody has tried it here; the numbers are the model's.",
        "By the model a token costs a GPU the same however many GPUs there are, so packing changes no GPU-hour. It "
        "makes a run longer, its segments more, and needs fewer GPUs at a time.",
        "What it would save is the part of the cost per token that adding up gradients between GPUs causes; the "
        "published times do not tell it. No saving goes below the arithmetic alone.",
        f"The whole study: {count(_gpu_hours(rows))} GPU-hours planned, {count(_gpu_hours(rows))} packed, and if "
        f"packing took all the overhead off the small runs {count(_floor_gpu_hours(rows))}.",
    ]
    return tabulate("The same with small runs packed on shared GPUs", small, fields, notes)


def _gpu_hours(rows: Sequence[Row]) -> float:
    return sum(row.price.gpu_hours or 0 for row in rows)


def _floor_gpu_hours(rows: Sequence[Row]) -> float:
    return sum((row.floor_gpu_hours if row.packed else row.price.gpu_hours) or 0 for row in rows)


def _packed(row: Row) -> Packed:
    assert row.packed
    return row.packed


@dataclass(frozen=True)
class _Priced:
    """Runs of a size and schedule that differ in mix and seed, and cost the same."""

    row: Row
    runs: int


def others_table(rows: Sequence[Row], site: Site) -> Table | None:
    """Return the prices of sizes that are not selected; None if there are none."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.run.size, row.run.schedule), []).append(row)
    if not groups:
        return None
    fields: list[Field[_Priced]] = [
        Field("size", lambda group: group.row.run.size, right=False),
        Field("schedule", lambda group: group.row.run.schedule, right=False),
        *(Field(field.heading, _of_row(field.cell)) for field in PARAMETERS),
        Field("runs", lambda group: count(group.runs)),
        Field("FLOPs a run", lambda group: scientific(group.row.flops)),
        Field("GPUs", lambda group: count(group.row.placement.gpus or None)),
        Field("seconds a step", lambda group: significant(group.row.step_s)),
        Field("days a run", lambda group: significant(group.row.price.days)),
        Field("GPU-hours a run", lambda group: count(group.row.price.gpu_hours)),
        Field(f"charge a run, {site.charge_unit}s", lambda group: count(group.row.charge)),
        Field("segments a run", lambda group: count(group.row.segments)),
        Field("memory of a GPU, GB", lambda group: GIGABYTES.spell(group.row.memory_bytes)),
        Field("fits", lambda group: _spell_fit(group.row, site), right=False),
    ]
    priced = [_Priced(group[0], len(group)) for group in groups.values()]
    return tabulate("Sizes that are not selected, under the same schedules", priced, fields)


def _of_row(cell: Callable[[Row], str]) -> Callable[[_Priced], str]:
    return lambda group: cell(group.row)


def _spell_fit(row: Row, site: Site) -> str:
    if row.memory is None:
        return ""
    return "yes" if row.fits else f"does not fit {site.gpu_memory_gb:g} GB"


def data_table(rows: Sequence[Row]) -> Table:
    """Return what runs read of each corpus, the same for all sizes."""
    shares = {(row.run.mix, row.run.schedule, share.corpus): share for row in rows for share in row.corpora}
    unit = choose_unit(TOKENS, (share.tokens for share in shares.values()))
    fields: list[Field[tuple[tuple[str, str, str], CorpusShare]]] = [
        Field("mix", lambda entry: entry[0][0], right=False),
        Field("schedule", lambda entry: entry[0][1], right=False),
        Field("corpus", lambda entry: entry[0][2], right=False),
        Field(f"tokens read, {unit.name}", lambda entry: unit.spell(entry[1].tokens)),
        Field(f"tokens there are, {unit.name}", lambda entry: unit.spell(entry[1].corpus_tokens) or "not known yet"),
        Field("epochs", lambda entry: significant(entry[1].epochs)),
        Field("known from", lambda entry: _origin(entry[1]), right=False),
    ]
    return tabulate("What the runs read of each corpus", list(shares.items()), fields)


def _origin(share: CorpusShare) -> str:
    if share.counted:
        return "counted"
    return "the config's expectation" if share.corpus_tokens else ""


def _time_unit(rows: Sequence[Row]) -> Unit:
    """Return days where anything trains on GPUs, as the published times are; else what suits the longest run."""
    on_gpus = any(row.placement.gpus for row in rows)
    return HOURS[0] if on_gpus else choose_unit(HOURS, (row.price.hours for row in rows))
