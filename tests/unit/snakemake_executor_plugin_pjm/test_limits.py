"""Requests that a site's table forbids are refused with job, request, limit, resource group and table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pjm_demands import at_wisteria, group_job, job
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.demand import demand_of
from snakemake_executor_plugin_pjm.limits import allowed_place, clock
from snakemake_executor_plugin_pjm.places import Place
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

REGULAR = {"queue": "regular-a", "nodes": 1, "gpu": 8, "runtime": 2880}
SHARE = {"queue": "share", "gpu": 1, "runtime": 1440}
VOLUME = {"pjm_env": "PJM_LLIO_GFSCACHE=/vol0004"}


def place(settings: ExecutorSettings, **resources: Any) -> Place | None:
    return allowed_place(demand_of(job(**resources), settings), settings)


def refusal(settings: ExecutorSettings, **resources: Any) -> str:
    with pytest.raises(WorkflowError) as refused:
        place(settings, **resources)
    return str(refused.value)


@pytest.mark.parametrize(
    ("resources", "unit", "count"),
    [
        (REGULAR, "node", 1),
        (REGULAR | {"nodes": 4, "gpu": 32}, "node", 4),
        (REGULAR | {"nodes": 8, "gpu": 64, "runtime": 1440}, "node", 8),
        ({"queue": "regular-a", "gpu": 12, "runtime": 60}, "node", 2),
        (SHARE | {"runtime": 2880}, "gpu", 1),
        (SHARE | {"gpu": 4, "nodes": 1}, "gpu", 4),
        (SHARE | {"mem_mb": 60_000}, "gpu", 1),
        ({"queue": "prepost", "runtime": 360}, "node", 1),
        ({"queue": "prepost", "runtime": 360, "gpu": 0, "nodes": 1}, "node", 1),
        ({"queue": "debug-a", "runtime": 30}, "node", 1),
    ],
)
def test_wisteria_takes(resources: dict[str, Any], unit: str, count: int) -> None:
    found = place(at_wisteria(), **resources)
    assert found is not None
    assert (found.unit, found.count) == (unit, count)


def test_the_message_for_a_time_limit_in_full() -> None:
    assert refusal(at_wisteria(), rule="train_1024", **(REGULAR | {"runtime": 2940})) == (
        "rule train_1024: runtime 2940 min > 48:00:00 allowed by regular-a with 1 node (site table wisteria 2026-07); "
        "split into segments or lower runtime"
    )


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (REGULAR | {"nodes": 5, "gpu": 40}, "runtime 2880 min > 24:00:00 allowed by regular-a with 5 nodes"),
        (REGULAR | {"nodes": 9, "gpu": 72}, "9 nodes > 8 allowed by regular-a (site table wisteria 2026-07)"),
        (
            REGULAR | {"gpu": 32},
            "gpu=32 > 8, all GPUs of 1 node in regular-a (site table wisteria 2026-07); `gpu` counts",
        ),
        (REGULAR | {"vnode_core": 9}, "regular-a (site table wisteria 2026-07) hands out nodes, not cores"),
        (REGULAR | {"mem_mb": 600_000}, "mem_mb 600000 > 448 GiB of 1 node of regular-a (site table wisteria 2026-07)"),
        (SHARE | {"gpu": 4, "runtime": 1441}, "runtime 1441 min > 24:00:00 allowed by share with 4 GPUs"),
        (
            SHARE | {"gpu": 3},
            "gpu=3 is none of 1, 2, 4 allowed by share (site table wisteria 2026-07); state gpu as one",
        ),
        (SHARE | {"gpu": 8}, "gpu=8 is none of 1, 2, 4 allowed by share"),
        (
            SHARE | {"gpu": 0},
            "share (site table wisteria 2026-07) hands out GPUs, and the job states none; state gpu: 1, 2, 4",
        ),
        (SHARE | {"nodes": 2}, "nodes=2, but share (site table wisteria 2026-07) hands out parts of one node"),
        (SHARE | {"mem_mb": 61_000}, "mem_mb 61000 > 56 GiB of 1 GPU of share"),
        (SHARE | {"queue": "share-short"}, "runtime 1440 min > 2:00:00 allowed by share-short with 1 GPU"),
        (SHARE | {"queue": "share-debug", "runtime": 31}, "runtime 31 min > 0:30:00 allowed by share-debug"),
        (SHARE | {"queue": "prepost"}, "gpu=1, but prepost (site table wisteria 2026-07) has no GPUs"),
        (SHARE | {"queue": "small-a"}, "jobs cannot go to small-a: ask for regular-a: the number of nodes decides"),
        (SHARE | {"queue": "share-2"}, "jobs cannot go to share-2: ask for share"),
        (SHARE | {"queue": "interactive-a"}, "jobs cannot go to interactive-a: it is for interactive sessions"),
        (
            SHARE | {"queue": "gpu_long"},
            "there is no resource group gpu_long, only share-debug, share-short, share, debug-a, short-a, regular-a, "
            "prepost (site table wisteria 2026-07); if that is out of date, set pjm-site: none",
        ),
        (
            {"gpu": 1, "runtime": 5},
            "no resource group; state resource pjm_rscgrp, or set pjm-rscgrp for all jobs: share-",
        ),
        ({"queue": "share", "gpu": 1}, "no time limit; state resource runtime in minutes, or as text like 2h; nothing"),
    ],
)
def test_wisteria_refuses(resources: dict[str, Any], message: str) -> None:
    assert refusal(at_wisteria(), **resources).startswith("rule train: ")
    assert message in refusal(at_wisteria(), **resources)


def test_jobs_that_run_as_one_are_checked_like_one() -> None:
    demand = demand_of(group_job("trains", **(SHARE | {"gpu": 3})), at_wisteria())
    with pytest.raises(WorkflowError, match=r"^group trains: gpu=3 is none of"):
        allowed_place(demand, at_wisteria())


@pytest.mark.parametrize("group", [None, "", "set-your-group", "YOUR-GROUP"])
def test_a_project_is_needed_where_the_site_asks_for_one(group: str | None) -> None:
    message = refusal(at_wisteria(group=group), **SHARE)
    assert "set your project group" in message
    assert not group or f"pjm-group: {group} is a placeholder" in message
    assert place(at_wisteria(group=None), **SHARE, pjm_group="gz22")


@pytest.mark.parametrize("mem_mb", [None, 1000, 8000])
def test_memory_that_nobody_asked_for_does_no_harm(mem_mb: int | None) -> None:
    settings = ExecutorSettings(site="genkai")
    assert place(settings, queue="a-batch", runtime=60, mem_mb=mem_mb) == Place("vnode-core", 1)


@pytest.mark.parametrize(
    ("site", "resources", "unit", "count"),
    [
        ("genkai", {"queue": "a-batch", "threads": 8}, "vnode-core", 8),
        ("genkai", {"queue": "a-batch", "vnode_core": 120}, "vnode-core", 120),
        ("genkai", {"queue": "a-batch", "nodes": 1}, "node", 1),
        ("genkai", {"queue": "b-batch", "gpu": 1, "nodes": 1}, "gpu", 1),
        ("genkai", {"queue": "b-batch", "gpu": 16, "nodes": 4}, "node", 4),
        ("genkai", {"queue": "b-batch-mig", "gpu": 1}, "gpu", 1),
        ("flow", {"queue": "fx-small", "nodes": 24}, "node", 24),
        ("flow", {"queue": "cx-share", "gpu": 1}, "gpu", 1),
        ("fugaku", {"queue": "small", "nodes": 384, "pjm_group": "hp1", **VOLUME}, "node", 384),
        ("fugaku", {"queue": "large", "nodes": 385, "pjm_group": "hp1", **VOLUME}, "node", 385),
    ],
)
def test_other_sites_take(site: str, resources: dict[str, Any], unit: str, count: int) -> None:
    found = place(ExecutorSettings(site=site), runtime=60, **resources)
    assert found is not None
    assert (found.unit, found.count) == (unit, count)


@pytest.mark.parametrize(
    ("site", "resources", "message"),
    [
        ("genkai", {"queue": "a-batch", "vnode_core": 121}, "121 cores > 120 allowed by a-batch (site table genkai"),
        ("genkai", {"queue": "b-batch", "nodes": 4, "runtime": 2881}, "> 48:00:00 allowed by b-batch with 4 nodes"),
        ("genkai", {"queue": "a-batch", "gpu": 1}, "gpu=1, but a-batch (site table genkai 2025-10) has no GPUs"),
        ("genkai", {"queue": "b-batch-mig", "gpu": 1, "runtime": None}, "no time limit"),
        ("flow", {"queue": "fx-small", "nodes": 25}, "25 nodes > 24 allowed by fx-small"),
        ("flow", {"queue": "cx-small", "pjm_extra": "-X"}, "pjsub takes no -X at flow"),
        (
            "fugaku",
            {"queue": "large", "nodes": 384, "pjm_group": "hp1", **VOLUME},
            "384 nodes < 385, the fewest allowed by",
        ),
        ("fugaku", {"queue": "small", "pjm_group": "hp1"}, "say which volume they use"),
        ("fugaku", {"queue": "small", **VOLUME}, "no project; set your project group"),
    ],
)
def test_other_sites_refuse(site: str, resources: dict[str, Any], message: str) -> None:
    assert message in refusal(ExecutorSettings(site=site), **({"runtime": 60} | resources))


@pytest.mark.parametrize(
    ("settings", "resources", "expected"),
    [
        ({}, {}, None),
        ({}, {"gpu": 0}, None),
        ({}, {"nodes": 3}, Place("node", 3)),
        ({}, {"gpu": 3}, Place("gpu", 3)),
        ({}, {"nodes": 1, "gpu": 4}, Place("node", 1)),
        ({"node_gpus": 4}, {"nodes": 1, "gpu": 1}, Place("gpu", 1)),
        ({"node_gpus": 4}, {"gpu": 6}, Place("node", 2)),
        ({"node_gpus": 4, "resource_mode": "node"}, {"gpu": 1}, Place("node", 1)),
        ({"resource_mode": "node"}, {}, Place("node", 1)),
        ({"resource_mode": "gpu"}, {"gpu": 2, "nodes": 1}, Place("gpu", 2)),
        ({"resource_mode": "vnode"}, {"threads": 12}, Place("vnode-core", 12)),
        ({}, {"vnode_core": 30}, Place("vnode-core", 30)),
    ],
)
def test_without_a_table_the_job_itself_decides(
    settings: dict[str, Any], resources: dict[str, Any], expected: Place | None
) -> None:
    assert place(ExecutorSettings(**settings), **resources) == expected


@given(seconds=st.integers(0, 10**7))
def test_a_clock_time_means_the_same_number_of_seconds(seconds: int) -> None:
    hours, minutes, rest = clock(seconds).split(":")
    assert 3600 * int(hours) + 60 * int(minutes) + int(rest) == seconds
    assert len(minutes) == len(rest) == 2
