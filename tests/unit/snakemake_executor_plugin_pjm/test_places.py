"""Nodes, GPUs of one node, or cores: what a job asks for, from what it states for any scheduler."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pjm_demands import job
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.demand import Demand, demand_of
from snakemake_executor_plugin_pjm.places import Place, choose_shape, place_in
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.sites import Shape

GPU, CORES = Shape("gpu", gpus=1), Shape("vnode-core")
NODE_OF_4, NODE_OF_8, NODE_OF_NONE, NODE_UNKNOWN = (Shape("node", gpus=gpus) for gpus in (4, 8, 0, None))


def demand(threads: int = 1, **resources: Any) -> Demand:
    return demand_of(job(threads=threads, **resources), ExecutorSettings())


@pytest.mark.parametrize(
    ("resources", "unit"),
    [
        ({"gpu": 1}, "gpu"),
        ({"gpu": 1, "nodes": 1}, "gpu"),
        ({"gpu": 4}, "gpu"),
        ({"gpu": 4, "nodes": 1}, "node"),
        ({"gpu": 8}, "node"),
        ({"gpu": 8, "nodes": 2}, "node"),
        ({"nodes": 1}, "node"),
        ({"vnode_core": 30}, "vnode-core"),
        ({}, "gpu"),
    ],
)
def test_of_several_ways_the_one_that_fits_what_is_stated(resources: dict[str, int], unit: str) -> None:
    assert choose_shape(demand(**resources), (GPU, NODE_OF_4, CORES), "auto").unit == unit


@pytest.mark.parametrize(("mode", "unit"), [("gpu", "gpu"), ("node", "node"), ("vnode", "vnode-core")])
def test_a_mode_decides_between_several_ways_only(mode: str, unit: str) -> None:
    stated = demand(gpu=4, nodes=1)
    assert choose_shape(stated, (GPU, NODE_UNKNOWN, CORES), mode).unit == unit
    assert choose_shape(stated, (NODE_OF_8,), mode) is NODE_OF_8


@pytest.mark.parametrize(
    ("resources", "shape", "place"),
    [
        ({}, NODE_OF_8, "1 node"),
        ({"gpu": 0}, NODE_OF_NONE, "1 node"),
        ({"nodes": 4, "gpu": 32}, NODE_OF_8, "4 nodes"),
        ({"nodes": 4, "gpu": 8}, NODE_OF_8, "4 nodes"),
        ({"gpu": 9}, NODE_OF_8, "2 nodes"),
        ({"nodes": 3, "gpu": 99}, NODE_UNKNOWN, "3 nodes"),
        ({"nodes": 1, "gpu": 2}, GPU, "2 GPUs"),
        ({"gpu": 1}, GPU, "1 GPU"),
        ({"vnode_core": 30}, CORES, "30 cores"),
        ({"threads": 8}, CORES, "8 cores"),
    ],
)
def test_so_many_of_a_unit(resources: dict[str, int], shape: Shape, place: str) -> None:
    assert str(place_in(demand(**resources), shape, "here")) == place


@given(gpus=st.integers(0, 200), nodes=st.one_of(st.none(), st.integers(1, 20)), of_a_node=st.integers(1, 16))
def test_nodes_hold_all_gpus_and_none_is_left_over_unless_stated(gpus: int, nodes: int | None, of_a_node: int) -> None:
    assume(nodes is None or gpus <= nodes * of_a_node)
    place = place_in(demand(gpu=gpus, nodes=nodes), Shape("node", gpus=of_a_node), "here")
    assert place == Place("node", nodes or max(1, math.ceil(gpus / of_a_node)))


@pytest.mark.parametrize(
    ("resources", "shape", "message"),
    [
        (
            {"gpu": 32, "nodes": 1},
            NODE_OF_8,
            "rule train: gpu=32 > 8, all GPUs of 1 node in here; `gpu` counts those of all nodes together: "
            "raise nodes or lower gpu",
        ),
        ({"gpu": 1}, NODE_OF_NONE, "gpu=1, but here has no GPUs; name another resource group or gpu=0"),
        ({"gpu": 1}, CORES, "gpu=1, but here has no GPUs"),
        (
            {"gpu": 1},
            NODE_UNKNOWN,
            "how many GPUs a node of here has is not known; state nodes, or set --pjm-node-gpus",
        ),
        ({"gpu": 1, "nodes": 2}, GPU, "nodes=2, but here hands out parts of one node; name a resource group of whole"),
        ({"vnode_core": 8, "nodes": 2}, CORES, "nodes=2, but here hands out parts of one node"),
        ({}, GPU, "here hands out GPUs, and the job states none; state gpu: the number"),
        (
            {"gpu": 0},
            Shape("gpu", gpus=1, only=(1, 2)),
            "here hands out GPUs, and the job states none; state gpu: 1, 2",
        ),
        ({"vnode_core": 8}, NODE_OF_8, "here hands out nodes, not cores; leave vnode_core out"),
        ({"vnode_core": 8}, GPU, "here hands out GPUs, not cores; leave vnode_core out"),
    ],
)
def test_what_does_not_fit_is_one_message(resources: dict[str, int], shape: Shape, message: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        place_in(demand(**resources), shape, "here")
    assert message in str(refused.value)
