"""Whether the site's table lets a job have what it asks for, so that it is told before it has waited in a queue."""

from collections.abc import Iterator

from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.demand import Demand
from snakemake_executor_plugin_pjm.places import Place, choose_shape, place_in
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.sites import SITES, Shape, Site

BYTES_PER_MB = 10**6
BYTES_PER_GIB = 2**30
UNASKED_MEM_MB = 8000
"""Snakemake gives each job that states no memory 1000 MB or, with large inputs, up to this; nobody asked for that."""
PLACEHOLDERS = ("set-your-group", "your-group", "your_group", "group", "groupname", "project")


def allowed_place(demand: Demand, settings: ExecutorSettings) -> Place | None:
    """Return what a job asks for; None if it leaves that to PJM.

    Raises WorkflowError, one message that names job, request, limit, resource group and table, if the site's table
    forbids it or the job contradicts itself.
    """
    site = SITES[settings.site]
    shapes = _listed_shapes(demand, site) if site else ()
    if not site or not shapes:
        return _unchecked_place(demand, settings)
    shape = choose_shape(demand, shapes, settings.resource_mode)
    place = place_in(demand, shape, f"{demand.rscgrp} ({site.table})")
    problem = next(_problems(demand, shape, place), None)
    if problem:
        says, todo = problem
        raise WorkflowError(f"{demand.title}: {says} ({site.table}); {todo}")
    return place


def _unchecked_place(demand: Demand, settings: ExecutorSettings) -> Place | None:
    stated = demand.vnode_cores or demand.nodes or demand.gpus
    if not stated and settings.resource_mode == "auto":
        return None
    shapes = Shape("gpu", gpus=1), Shape("node", gpus=settings.node_gpus), Shape("vnode-core", gpus=None)
    shape = choose_shape(demand, shapes, settings.resource_mode)
    return place_in(demand, shape, demand.rscgrp or "the default resource group")


def _listed_shapes(demand: Demand, site: Site) -> tuple[Shape, ...]:
    problem = next(_general_problems(demand, site), None)
    if problem:
        raise WorkflowError(f"{demand.title}: {problem}")
    return site.groups.get(str(demand.rscgrp), ())


def _general_problems(demand: Demand, site: Site) -> Iterator[str]:
    """Yield what is wrong with a job wherever it goes at a site."""
    known = ", ".join(site.groups)
    name = demand.rscgrp
    if name is None:
        yield f"no resource group; state resource pjm_rscgrp, or set pjm-rscgrp for all jobs: {known} ({site.table})"
    elif name in site.not_for_jobs:
        yield f"jobs cannot go to {name}: {site.not_for_jobs[name]} ({site.table})"
    elif site.complete and name not in site.groups:
        yield (
            f"there is no resource group {name}, only {known} ({site.table}); if that is out of date, set "
            "pjm-site: none"
        )
    if demand.runtime_min is None:
        yield "no time limit; state resource runtime in minutes, or as text like 2h; nothing is assumed"
    if site.needs_group and (demand.group is None or demand.group.lower() in PLACEHOLDERS):
        said = f"pjm-group: {demand.group} is a placeholder" if demand.group else "no project"
        yield f"{said}; set your project group, the one that `id` or the site's portal names, as pjm-group"
    yield from _option_problems(demand, site)


def _option_problems(demand: Demand, site: Site) -> Iterator[str]:
    said = " ".join([demand.variables or "", *demand.extra])
    for word in site.refused_options:
        if word in said.split():
            yield f"pjsub takes no {word} at {site.name} ({site.table}); leave it out of pjm-extra-args and pjm_extra"
    if site.volume_words and not any(word in said for word in site.volume_words):
        variable, option = site.volume_words
        yield (
            f"jobs at {site.name} say which volume they use ({site.table}); state resource pjm_env, for example "
            f"{variable}=/vol000N, or set pjm-extra-args: {option}"
        )


def _problems(demand: Demand, shape: Shape, place: Place) -> Iterator[tuple[str, str]]:
    """Yield what the resource group does not allow, and what to do."""
    allowed_by = f"allowed by {demand.rscgrp}"
    if shape.only and place.count not in shape.only:
        sizes = ", ".join(map(str, shape.only))
        yield f"{shape.unit}={place.count} is none of {sizes} {allowed_by}", f"state {shape.unit} as one of them"
    if shape.most is not None and place.count > shape.most:
        yield f"{place} > {shape.most} {allowed_by}", "ask for fewer, or name another resource group"
    if place.count < shape.least:
        yield f"{place} < {shape.least}, the fewest {allowed_by}", "name another resource group"
    limit_s = shape.limit_s(place.count)
    if limit_s is not None and 60 * (demand.runtime_min or 0) > limit_s:
        says = f"runtime {demand.runtime_min} min > {clock(limit_s)} {allowed_by} with {place}"
        yield says, "split into segments or lower runtime"
    yield from _memory_problems(demand, shape, place)


def _memory_problems(demand: Demand, shape: Shape, place: Place) -> Iterator[tuple[str, str]]:
    """Compare what the user says of memory; PJM is told nothing of it."""
    if shape.memory_gib is None or (demand.mem_mb or 0) <= UNASKED_MEM_MB:
        return
    memory_gib = place.count * shape.memory_gib
    if (demand.mem_mb or 0) * BYTES_PER_MB > memory_gib * BYTES_PER_GIB:
        says = f"mem_mb {demand.mem_mb} > {memory_gib:g} GiB of {place} of {demand.rscgrp}"
        yield says, "ask for more of them or lower mem_mb"


def clock(seconds: int) -> str:
    """Return a time as PJM writes it, H:MM:SS."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
