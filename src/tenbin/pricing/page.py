"""The whole plan: rows into plan.csv, tables into plan.md and onto the terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenbin.files import write_bytes
from tenbin.pricing.budget import price_training
from tenbin.pricing.cost import Prices
from tenbin.pricing.counts import results_folder
from tenbin.pricing.disk import DiskNeed, estimate_disk
from tenbin.pricing.identities import PlannedJob
from tenbin.pricing.prospects import TrainingJob, foresee_training
from tenbin.pricing.queue_table import queue_table
from tenbin.pricing.rows import Row, other_rows, selected_rows
from tenbin.pricing.run_tables import cost_table, data_table, others_table, packed_table, work_table
from tenbin.pricing.spelling import count, spell_bytes
from tenbin.pricing.spreadsheet import write_csv
from tenbin.pricing.study_tables import disk_table, jobs_table, model_table
from tenbin.pricing.tables import Table, write_markdown, write_text
from tenbin.study.model import Study


@dataclass(frozen=True)
class Plan:
    """What a study costs and what of it would run now."""

    study: Study
    prices: Prices
    jobs: Sequence[PlannedJob]
    training: Sequence[TrainingJob]
    rows: Sequence[Row]
    others: Sequence[Row]
    disk: DiskNeed

    @property
    def on_gpus(self) -> bool:
        """Whether anything trains on GPUs."""
        return any(row.placement.gpus for row in self.rows)


def make_plan(study: Study, jobs: Sequence[PlannedJob]) -> Plan:
    """Price a study whose default targets would run these jobs."""
    prices, training = Prices(study), foresee_training(study, jobs)
    return Plan(
        study, prices, jobs, training, selected_rows(prices, training), other_rows(prices), estimate_disk(study)
    )


def publish_plan(plan: Plan, csv_path: Path, markdown_path: Path) -> str:
    """Write plan.csv and plan.md and return what the terminal shows."""
    tables = list(_tables(plan))
    write_bytes(csv_path, write_csv([*plan.rows, *plan.others]).encode())
    write_bytes(markdown_path, _markdown(plan, tables).encode())
    summary = "\n".join(f"{name:<9} {text}" for name, text in _summary(plan))
    return "\n".join([*map(write_text, tables), _title(plan), "=" * len(_title(plan)), summary])


def _tables(plan: Plan) -> Iterator[Table]:
    site = plan.study.execution.site
    tables = [
        jobs_table(plan.jobs, plan.training),
        queue_table(plan.jobs),
        data_table(plan.rows),
        cost_table(plan.rows, site),
        work_table(plan.rows),
        packed_table(plan.rows),
        others_table(plan.others, site),
        model_table(plan.prices.model, site.gpu) if plan.on_gpus else None,
        disk_table(plan.disk, plan.study.execution.disk_budget_gb),
    ]
    yield from (table for table in tables if table)


def _markdown(plan: Plan, tables: Sequence[Table]) -> str:
    summary = [f"- **{name}**: {text}" for name, text in _summary(plan)]
    return "\n".join([f"# {_title(plan)}", "", *summary, "", *map(write_markdown, tables)])


def _title(plan: Plan) -> str:
    site = plan.study.execution.site
    place = f"{site.name}, {site.gpu}" if plan.on_gpus else "CPU"
    return f"Plan of {results_folder(plan.study)} ({place})"


def _summary(plan: Plan) -> Iterator[tuple[str, str]]:
    states = Counter(row.state for row in plan.rows)
    yield "Runs", f"{len(plan.rows)}: {', '.join(f'{number} {state}' for state, number in states.items())}"
    if plan.on_gpus:
        yield "Training", _spell_training(plan)
        yield "Budget", _spell_budget(plan)
    yield "Disk", _spell_disk(plan)


def _spell_training(plan: Plan) -> str:
    total, left = (sum(hours or 0 for hours in column) for column in _hours(plan))
    text = f"{count(total)} GPU-hours in all, {count(left)} left"
    charge, site = plan.prices.charge(total), plan.study.execution.site
    if charge is not None:
        text += f"; {count(charge)} {site.charge_unit}s in all, {count(plan.prices.charge(left))} left"
        text += f", at {site.charge_per_gpu_hour:g} a GPU-hour"
    return text


def _hours(plan: Plan) -> tuple[list[float | None], list[float | None]]:
    return [row.price.gpu_hours for row in plan.rows], [row.left.gpu_hours for row in plan.rows]


def _spell_budget(plan: Plan) -> str:
    budget = plan.study.execution.budget_gpu_hours
    hours = sum(price_training(plan.study, plan.training).values())
    call = f"a call that makes everything would train {count(hours)} GPU-hours"
    if budget is None:
        return f"none (execution.budget_gpu_hours); {call}"
    verdict = "within" if hours <= budget else "over: it would stop before its first job; not within"
    return f"{call}, {verdict} the {budget:,g} of execution.budget_gpu_hours"


def _spell_disk(plan: Plan) -> str:
    budget_gb, need = plan.study.execution.disk_budget_gb, plan.disk
    text = f"up to {spell_bytes(need.peak)} at the worst moment, {spell_bytes(need.lasting)} of it to stay"
    text += f"; {len(need.unknown)} parts not known yet" if need.unknown else ""
    return text if budget_gb is None else f"{text}; the budget is {budget_gb:,g} GB"
