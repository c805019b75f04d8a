"""What a job asks PJM for: its resources as options of pjsub, or one message why it cannot have that."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from snakemake_executor_plugin_pjm.demand import Demand, demand_of
from snakemake_executor_plugin_pjm.limits import allowed_place, clock
from snakemake_executor_plugin_pjm.places import Place
from snakemake_executor_plugin_pjm.settings import ExecutorSettings


@dataclass(frozen=True)
class Request:
    """What is asked of PJM for one job."""

    rule: str
    """Name of the rule, or of the group of jobs."""
    name: str
    """What PJM calls the job: at most 63 bytes, a letter first."""
    rscgrp: str | None
    """Resource group; None: PJM's default."""
    elapse_s: int | None
    """Time limit; None: PJM's default."""
    threads: int
    """CPU threads of a process of the job."""
    options: tuple[str, ...]
    """What follows `#PJM` on the lines of the job script, in order."""

    def renamed(self, name: str) -> "Request":
        """Return the same request under another name."""
        options = (_name(name) if option == _name(self.name) else option for option in self.options)
        return replace(self, name=name, options=tuple(options))


def request_of(job: JobExecutorInterface, name: str, settings: ExecutorSettings) -> Request:
    """Return what a job asks for under a name.

    Raises WorkflowError, one message that names rule, request, limit, resource group and the limit's source, if the job
    contradicts itself or the site's table forbids it.
    """
    demand = demand_of(job, settings)
    place = allowed_place(demand, settings)
    elapse_s = None if demand.runtime_min is None else 60 * demand.runtime_min
    options = tuple(_options(demand, name, elapse_s, place))
    return Request(demand.rule, name, demand.rscgrp, elapse_s, demand.threads, options)


def _options(demand: Demand, name: str, elapse_s: int | None, place: Place | None) -> Iterator[str]:
    # One option a line; where one is repeated, only the last counts for PJM, so the user's come last.
    if demand.group:
        yield f"-g {demand.group}"
    yield _name(name)
    yield from (f"-L {limit}" for limit in _limits(demand, elapse_s, place))
    if demand.tasks:
        yield f"--mpi proc={demand.tasks}"
    if demand.variables:
        yield f"-x {demand.variables}"
    yield "-j"
    # PJM would start a job again behind Snakemake's back.
    yield "--norestart"
    yield from demand.extra


def _name(name: str) -> str:
    return f"-N {name}"


def _limits(demand: Demand, elapse_s: int | None, place: Place | None) -> Iterator[str]:
    if demand.rscgrp:
        yield f"rscgrp={demand.rscgrp}"
    if place:
        yield f"{place.unit}={place.count}"
    if elapse_s is not None:
        yield f"elapse={clock(elapse_s)}"
    if demand.jobenv:
        yield f"jobenv={demand.jobenv}"
