"""Which job is which, from one call of Snakemake to the next: by what it makes, and by what it does to make it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.utils import encode_target_jobs_cli_args

SOURCES = ("shellcmd", "script", "notebook", "wrapper", "template_engine", "cwl")
"""Where a rule's code stands; the one that it has."""


def target_of(job: JobExecutorInterface) -> str:
    """Return what a job makes: no two live jobs may have the same."""
    specs: Any = job.get_target_spec()  # a list, though the interface says a string
    return _digest([sorted(encode_target_jobs_cli_args(specs)), sorted(str(path) for path in job.output)])


def work_of(job: JobExecutorInterface) -> str:
    """Return what a job does: code, inputs and parameters.

    Resources are left out: where and how long a job runs is no reason to run it again.
    """
    return _digest(sorted((_work(single) for single in _singles(job)), key=lambda work: json.dumps(work, default=str)))


def _singles(job: JobExecutorInterface) -> Iterable[Any]:
    return job.jobs if job.is_group() else [job]  # type: ignore[attr-defined]


def _work(job: Any) -> dict[str, Any]:
    properties = json.loads(job.properties())
    kept = {name: properties[name] for name in ("rule", "input", "output", "params")}
    return kept | {name: str(source) for name in SOURCES if (source := getattr(job.rule, name, None))}


def _digest(value: object) -> str:
    # What is no JSON, in parameters for example, counts by how it prints.
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
