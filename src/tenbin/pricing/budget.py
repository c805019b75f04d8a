"""The budget of one call: what it would train is priced before its first job, and a call over budget stops there.

Called from the workflow's `onstart`, so it must cost nothing where no budget is set: all that is heavy is imported when
it is needed. A dry run has no `onstart`, `snakemake plan` trains nothing, and so neither is ever stopped.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tenbin.errors import UserError, fail
from tenbin.pricing.spelling import significant
from tenbin.study.model import Run, Study

if TYPE_CHECKING:
    from tenbin.pricing.prospects import TrainingJob

SHOWN_RUNS = 3


def stop_over_budget(study: Study, workflow: Any) -> None:
    """Leave with one message if the jobs that Snakemake's `workflow` is about to run train more than the budget."""
    if study.execution.budget_gpu_hours is None or workflow.touch:
        return
    from tenbin.pricing.identities import PlannedJob  # noqa: PLC0415
    from tenbin.pricing.prospects import foresee_training  # noqa: PLC0415

    jobs = [PlannedJob(job.rule.name, dict(job.wildcards_dict)) for job in workflow.dag.needrun_jobs()]
    try:
        check_budget(study, foresee_training(study, jobs))
    except UserError as error:
        fail(str(error))


def check_budget(study: Study, training: Iterable["TrainingJob"]) -> None:
    """Raise UserError if training jobs take more GPU-hours together than `execution.budget_gpu_hours`.

    A job that only finds its work done counts nothing; one of which that is uncertain counts in full.
    """
    jobs, budget = list(training), study.execution.budget_gpu_hours
    prices = price_training(study, jobs)
    total = sum(prices.values())
    if budget is None or total <= budget:
        return
    uncertain = sum(price_training(study, [job for job in jobs if job.outcome == "uncertain"]).values())
    doubt = f", {significant(uncertain)} of them only if data made anew differ from before" if uncertain else ""
    largest = ", ".join(f"{_name(run)} {significant(hours)}" for run, hours in list(prices.items())[:SHOWN_RUNS])
    raise UserError(
        f"this call would train {significant(total)} GPU-hours{doubt}, and execution.budget_gpu_hours is {budget:,g}; "
        f"nothing was started. The largest of {len(prices)} runs: {largest}. `snakemake plan` tells what each costs; "
        "raise the budget, or name fewer targets (a run's done.json) in one call"
    )


def price_training(study: Study, training: Iterable["TrainingJob"]) -> dict[Run, float]:
    """Return the GPU-hours of training jobs by run, the largest first, those without any left out."""
    from tenbin.pricing.cost import Prices  # noqa: PLC0415

    prices, hours = Prices(study), dict[Run, float]()
    for job in training:
        hours[job.run] = hours.get(job.run, 0) + (prices.price(job.run, job.steps).gpu_hours or 0)
    return {run: hours[run] for run in sorted(hours, key=lambda run: -hours[run]) if hours[run]}


def _name(run: Run) -> str:
    return f"{run.mix}/{run.size}/{run.schedule}/seed{run.seed}"
