"""What a call's jobs ask of a batch system: queue, nodes, GPUs, threads and time, as rules and a profile say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenbin.pricing.identities import PlannedJob
from tenbin.pricing.spelling import count, significant
from tenbin.pricing.tables import Field, Table, tabulate

MINUTES_PER_HOUR = 60


@dataclass(frozen=True)
class _Request:
    rule: str
    queue: str
    nodes: Any
    gpus: Any
    threads: Any
    runtime_min: Any


def queue_table(jobs: Sequence[PlannedJob]) -> Table | None:
    """Return how many jobs of each rule ask for which queue; None if no job names one."""
    requests = Counter(_request(job) for job in jobs if job.asks.get("queue"))
    if not requests:
        return None
    fields: list[Field[tuple[_Request, int]]] = [
        Field("job", lambda entry: entry[0].rule, lambda _: "all", right=False),
        Field("number", lambda entry: count(entry[1]), lambda entries: count(sum(number for _, number in entries))),
        Field("queue", lambda entry: entry[0].queue, right=False),
        Field("nodes", lambda entry: _spell(entry[0].nodes)),
        Field("GPUs", lambda entry: _spell(entry[0].gpus)),
        Field("CPU threads", lambda entry: _spell(entry[0].threads)),
        Field("time limit, hours", lambda entry: _spell_hours(entry[0].runtime_min)),
    ]
    return tabulate("What the jobs ask of the batch system", list(requests.items()), fields, _notes(jobs))


def _request(job: PlannedJob) -> _Request:
    asks = job.asks
    return _Request(job.rule, asks["queue"], *(asks.get(name) for name in ("nodes", "gpu", "threads", "runtime")))


def _notes(jobs: Sequence[PlannedJob]) -> list[str]:
    others = sum(not job.asks.get("queue") for job in jobs)
    notes = ["The price below is that of training alone; a site may charge for other jobs too."]
    if others:
        notes.append(
            f"{count(others)} more jobs name no queue: the local ones, such as downloads, which the machine that runs "
            "Snakemake does itself; without a profile of a cluster, also all but training."
        )
    return notes


def _spell(value: Any) -> str:
    """Return a number, or what Snakemake says of one that cannot be told before the job's input exists."""
    return count(value) if isinstance(value, int) else str(value or "")


def _spell_hours(minutes: Any) -> str:
    return significant(minutes / MINUTES_PER_HOUR) if isinstance(minutes, int) else str(minutes or "")
