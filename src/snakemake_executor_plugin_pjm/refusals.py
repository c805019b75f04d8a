"""Requests that cannot be had, told before anything is submitted: each reason once, with all that it concerns."""

from collections import defaultdict
from collections.abc import Iterable

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from snakemake_executor_plugin_pjm.request import request_of
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

SHOWN = 4


def refusal_of(job: JobExecutorInterface, settings: ExecutorSettings) -> str | None:
    """Return why a job's request cannot be had, or None if nothing speaks against it."""
    try:
        request_of(job, "unnamed", settings)
    except WorkflowError as error:
        return str(error)
    return None


def tell(refusals: Iterable[str]) -> str:
    """Return a line for each reason; a refusal is "rule NAME: REASON"."""
    rules: dict[str, list[str]] = defaultdict(list)
    # Snakemake keeps its jobs in sets: without an order of our own, each call would tell them in another.
    for refusal in sorted(set(refusals)):
        title, _, reason = refusal.partition(": ")
        rules[reason].append(title.removeprefix("rule "))
    return "\n".join(f"{_title(names)}: {reason}" for reason, names in rules.items())


def _title(names: list[str]) -> str:
    if len(names) == 1:
        return f"rule {names[0]}"
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    *first, last = [*names[:SHOWN], *more]
    return f"rules {', '.join(first)} and {last}"
