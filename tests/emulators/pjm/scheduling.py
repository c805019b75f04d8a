"""Which waiting jobs start: in order of their ids those for which there are nodes and GPUs, up to a limit of jobs."""

import json
from typing import Any

from emulators.pjm.store import Row, Store

HOLDING_NODES = ("RNA", "RNP", "RUN", "RNE", "RNO")
FIRST_ADDRESS = 2
LOGIN_TYPE = 60_000
"""Number of the one node of groups whose nodes have no GPU; there is always room on it."""


def schedule(store: Store) -> None:
    """Give waiting jobs their nodes and wake them; call it whenever a job begins to wait, or gives nodes back."""
    with store:
        started = _choose(store)
    for job_id in started:
        store.wake(job_id)


def address(node: int) -> str:
    """Return a loopback address of this machine that stands for a node."""
    number = node + FIRST_ADDRESS
    return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _choose(store: Store) -> list[int]:
    holding = store.query(f"SELECT allocated FROM jobs WHERE state IN {HOLDING_NODES}")  # noqa: S608  # own names
    gpus, room = store.setting("gpus_per_node"), store.setting("run_limit") - len(holding)
    free = dict.fromkeys(range(store.setting("nodes")), gpus)
    for row in holding:
        for node, count in json.loads(row["allocated"]):
            free[node] = free.get(node, 0) - count
    started, groups = list[int](), store.setting("site")["groups"]
    for row in store.query(
        "SELECT id, nodes, gpus, rscgrp FROM jobs WHERE state = 'QUE' AND hold_wanted = 0 ORDER BY id"
    ):
        if len(started) >= room:
            break
        allocated = _place(row, free, gpus, groups[row["rscgrp"]])
        if allocated is not None:
            store.update(row["id"], state="RNA", last_state="QUE", allocated=json.dumps(allocated))
            started.append(row["id"])
    return started


def _place(row: Row, free: dict[int, int], gpus: int, group: dict[str, Any]) -> list[tuple[int, int]] | None:
    """Take whole nodes, or some GPUs of one node, preferably of one that is in use; None if there is no room."""
    if group["gpus_per_node"] == 0:
        return [(LOGIN_TYPE, 0)]
    if row["nodes"]:
        whole = [node for node, count in free.items() if count == gpus][: row["nodes"]]
        allocated = [(node, gpus) for node in whole] if len(whole) == row["nodes"] else None
    else:
        fitting = sorted((count, node) for node, count in free.items() if count >= row["gpus"])
        allocated = [(fitting[0][1], row["gpus"])] if fitting else None
    for node, count in allocated or []:
        free[node] -= count if gpus else 0
    return allocated
