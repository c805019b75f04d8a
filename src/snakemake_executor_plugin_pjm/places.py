"""What a job asks a resource group for: whole nodes, GPUs of one node, or cores of one.

Workflows state `nodes` and `gpu`, all GPUs of a job together, for any scheduler; `vnode_core` is PJM's own.
"""

import math
from dataclasses import dataclass

from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.demand import Demand
from snakemake_executor_plugin_pjm.sites import Shape, Unit

UNIT_OF_MODE: dict[str, Unit] = {"gpu": "gpu", "node": "node", "vnode": "vnode-core"}
WORDS = {"node": "node", "gpu": "GPU", "vnode-core": "core"}


@dataclass(frozen=True)
class Place:
    """So many of a unit."""

    unit: Unit
    count: int

    def __str__(self) -> str:
        return f"{self.count} {WORDS[self.unit]}{'' if self.count == 1 else 's'}"


def choose_shape(demand: Demand, shapes: tuple[Shape, ...], mode: str) -> Shape:
    """Return the way of asking that fits what a job states, the first one if it states nothing of the kind."""
    by_unit = {shape.unit: shape for shape in shapes}
    unit = UNIT_OF_MODE.get(mode) or _stated_unit(demand, by_unit)
    return by_unit.get(unit, shapes[0]) if unit else shapes[0]


def _stated_unit(demand: Demand, by_unit: dict[Unit, Shape]) -> Unit | None:
    if demand.vnode_cores:
        return "vnode-core"
    if demand.gpus and "gpu" in by_unit and _part_of_a_node(demand.gpus, demand.nodes, by_unit.get("node")):
        return "gpu"
    return "node" if demand.nodes or demand.gpus else None


def _part_of_a_node(gpus: int, nodes: int | None, node: Shape | None) -> bool:
    if node is None:
        return True
    if nodes is None:
        return node.gpus is None or gpus <= node.gpus
    return nodes == 1 and node.gpus is not None and gpus < node.gpus


def place_in(demand: Demand, shape: Shape, where: str) -> Place:
    """Return how many of a shape's unit a job asks for; `where` is what messages call the resource group.

    Raises WorkflowError if what the job states does not fit the shape.
    """
    if demand.vnode_cores and shape.unit != "vnode-core":
        raise _misfit(demand, f"{where} hands out {WORDS[shape.unit]}s, not cores; leave vnode_core out")
    if demand.gpus and shape.gpus == 0:
        raise _misfit(demand, f"gpu={demand.gpus}, but {where} has no GPUs; name another resource group or gpu=0")
    count = {"node": _nodes, "gpu": _gpus, "vnode-core": _cores}[shape.unit](demand, shape, where)
    return Place(shape.unit, count)


def _cores(demand: Demand, shape: Shape, where: str) -> int:
    _require_one_node(demand, where)
    return demand.vnode_cores or demand.threads


def _gpus(demand: Demand, shape: Shape, where: str) -> int:
    _require_one_node(demand, where)
    if not demand.gpus:
        sizes = ", ".join(map(str, shape.only)) or "the number"
        raise _misfit(demand, f"{where} hands out GPUs, and the job states none; state gpu: {sizes}")
    return demand.gpus


def _require_one_node(demand: Demand, where: str) -> None:
    if (demand.nodes or 1) > 1:
        raise _misfit(
            demand,
            f"nodes={demand.nodes}, but {where} hands out parts of one node; name a resource group of whole nodes",
        )


def _nodes(demand: Demand, shape: Shape, where: str) -> int:
    gpus = demand.gpus or 0
    if shape.gpus is None:
        return demand.nodes or _unknown_nodes(demand, gpus, where)
    nodes = demand.nodes or max(1, math.ceil(gpus / shape.gpus) if shape.gpus else 1)
    if gpus > nodes * shape.gpus:
        raise _misfit(
            demand,
            f"gpu={gpus} > {nodes * shape.gpus}, all GPUs of {Place('node', nodes)} in {where}; `gpu` counts those of "
            f"all nodes together: raise nodes or lower gpu",
        )
    return nodes


def _unknown_nodes(demand: Demand, gpus: int, where: str) -> int:
    if gpus:
        raise _misfit(
            demand,
            f"gpu={gpus}, and how many GPUs a node of {where} has is not known; state nodes, or set --pjm-node-gpus",
        )
    return 1


def _misfit(demand: Demand, message: str) -> WorkflowError:
    return WorkflowError(f"{demand.title}: {message}")
