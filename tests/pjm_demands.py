"""Jobs as Snakemake shows them to an executor, made of nothing but their resources."""

from types import SimpleNamespace
from typing import Any

from snakemake_executor_plugin_pjm.settings import ExecutorSettings


def job(rule: str = "train", threads: int = 1, **resources: Any) -> Any:
    """Return a job with these resources; Snakemake adds some of its own."""
    own = {"_cores": threads, "_nodes": 1, "mem_mb": 1000, "disk_mb": 50000, "tmpdir": "<TBD>"}
    return SimpleNamespace(is_group=lambda: False, name=rule, threads=threads, resources=own | resources)


def group_job(groupid: str, threads: int = 1, **resources: Any) -> Any:
    """Return several jobs that run as one."""
    made = job(f"{groupid}_first_second", threads, **resources)
    made.is_group, made.groupid = lambda: True, groupid
    return made


def at_wisteria(**settings: Any) -> ExecutorSettings:
    """Return a user's settings at Wisteria."""
    return ExecutorSettings(**{"site": "wisteria", "group": "gz11"} | settings)
