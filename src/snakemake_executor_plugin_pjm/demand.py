"""What a job's Snakemake resources ask for, read and checked word by word, before any site is looked at.

What goes into a #PJM line is read by PJM's own parser: fields end at blanks, lists at commas, and `${...}` is one of
its own variables. Rather than guess at its quoting, words that would need any are refused.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from snakemake_executor_plugin_pjm.settings import ExecutorSettings

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
VARIABLES = re.compile(r"[A-Za-z_]\w*=[\w./:@%+=-]*(,[A-Za-z_]\w*=[\w./:@%+=-]*)*", re.ASCII)
NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)
NAMING = ("-N", "--name", "-o", "--out", "-e", "--err", "-j", "--join", "-C", "--dir-prefix")
KEEPING = ("--restart", "--norestart", "-s", "--stats", "-S", "--STATS", "--spath")
OURS = (*NAMING, *KEEPING)
UNDECIDED = "<TBD>"
"""What Snakemake says of a resource that depends on inputs which are not there yet."""
DECISIVE = ("runtime", "pjm_rscgrp", "queue", "nodes", "gpu", "gpus", "vnode_core", "tasks", "pjm_group", "pjm_env")
OTHER_JOBS = ("--bulk", "--step", "--interact", "--mswk", "-z")


@dataclass(frozen=True)
class Demand:
    """What a job asks for; None: it does not say."""

    rule: str
    """Name of the rule, or of the group of jobs."""
    title: str
    """How messages begin: `rule train` or `group trains`."""
    runtime_min: int | None
    rscgrp: str | None
    nodes: int | None
    gpus: int | None
    """GPUs on all nodes together."""
    vnode_cores: int | None
    tasks: int | None
    """MPI processes on all nodes together."""
    threads: int
    mem_mb: int | None
    """Memory on all nodes together, in 10^6 bytes."""
    group: str | None
    variables: str | None
    """NAME=VALUE,..."""
    jobenv: str | None
    extra: tuple[str, ...]
    """Lines of further options of pjsub."""


def is_decided(job: JobExecutorInterface) -> bool:
    """Return whether a job's resources say yet what it will ask for; some depend on inputs that other jobs make."""
    return all(str(job.resources.get(name)) != UNDECIDED for name in DECISIVE)


def demand_of(job: JobExecutorInterface, settings: ExecutorSettings) -> Demand:
    """Return what a job asks for. Raises WorkflowError for words that contradict each other or that PJM cannot read."""
    grouped = job.is_group()
    name: str = job.groupid if grouped else job.name  # type: ignore[attr-defined]
    read = _Reader(f"{'group' if grouped else 'rule'} {name}", _decided(job.resources))
    return Demand(
        rule=name,
        title=read.title,
        runtime_min=read.minutes("runtime"),
        rscgrp=read.word("pjm_rscgrp", "queue") or read.setting("rscgrp", settings.rscgrp),
        nodes=read.whole("nodes", least=1),
        gpus=read.whole("gpu", "gpus"),
        vnode_cores=read.whole("vnode_core", least=1),
        tasks=read.whole("tasks", least=1),
        threads=job.threads,
        mem_mb=read.whole("mem_mb"),
        group=read.word("pjm_group") or read.setting("group", settings.group),
        variables=read.text(("pjm_env",), VARIABLES, "it holds NAME=VALUE,... without blanks, quotes and $"),
        jobenv=read.word("pjm_jobenv"),
        extra=read.options(settings.extra_args, "--pjm-extra-args") + read.options(read.one("pjm_extra"), "pjm_extra"),
    )


def _decided(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resources.items() if str(value) != UNDECIDED}


@dataclass(frozen=True)
class _Reader:
    title: str
    resources: dict[str, Any]

    def one(self, *names: str) -> Any:
        """Return a resource that may go by several names."""
        stated = {name: self.resources[name] for name in names if self.resources.get(name) is not None}
        if len({str(value) for value in stated.values()}) > 1:
            said = " and ".join(f"{name}={value}" for name, value in stated.items())
            raise self._error(f"{said} mean the same and differ; keep one of them")
        return next(iter(stated.values()), None)

    def name(self, *names: str) -> str:
        """Return the name that a resource goes by in this job."""
        return next((name for name in names if name in self.resources), names[0])

    def whole(self, *names: str, least: int = 0) -> int | None:
        value = self.one(*names)
        if value is None:
            return None
        if not NUMBER.fullmatch(str(value)) or float(value) % 1 or float(value) < least:
            raise self._error(f"resource {self.name(*names)}={value} is no whole number from {least} on")
        return int(float(value))

    def minutes(self, name: str) -> int | None:
        """Return a time in minutes, the last begun one too."""
        value = self.one(name)
        if value is None:
            return None
        if not NUMBER.fullmatch(str(value)) or float(value) <= 0:
            raise self._error(f"resource {name}={value} is no number of minutes above 0")
        return math.ceil(float(value))

    def word(self, *names: str) -> str | None:
        return self.text(names, WORD, "letters, digits and _ . + - are what a #PJM line can hold")

    def text(self, names: tuple[str, ...], pattern: re.Pattern[str], hint: str) -> str | None:
        return self._checked(f"resource {self.name(*names)}", self.one(*names), pattern, hint)

    def setting(self, name: str, value: str | None) -> str | None:
        return self._checked(f"setting pjm-{name}", value, WORD, "letters, digits and _ . + - are what PJM takes")

    def options(self, value: object, where: str) -> tuple[str, ...]:
        text = str(value or "").strip()
        if not text:
            return ()
        if not text.startswith("-") or "\n" in text:
            raise self._error(f"{where}: {text!r} is no line of pjsub's options; it begins with -")
        for word in (word.split("=")[0] if word.startswith("--") else word[:2] for word in text.split()):
            if word in OURS or word in OTHER_JOBS:
                reason = "this executor sets it" if word in OURS else "this executor cannot watch such a job"
                raise self._error(f"{where}: leave {word} out; {reason}")
        return (text,)

    def _checked(self, what: str, value: object, pattern: re.Pattern[str], hint: str) -> str | None:
        if value is None or value == "":
            return None
        if not pattern.fullmatch(str(value)):
            raise self._error(f"{what} is {str(value)!r}; {hint}")
        return str(value)

    def _error(self, message: str) -> WorkflowError:
        return WorkflowError(f"{self.title}: {message}")
