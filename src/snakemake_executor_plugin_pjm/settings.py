"""What a user sets for this executor: `--pjm-...` on Snakemake's command line, or `pjm-...:` in a profile.

Snakemake makes its options from the fields of a dataclass. It understands `Optional[int]` and not `int | None`.
"""

# ruff: noqa: UP045
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

from snakemake_executor_plugin_pjm.sites import SITES

DIALECTS = ("auto", "tcs", "wisteria", "pjwait")
RESOURCE_MODES = ("auto", "gpu", "node", "vnode")


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """Settings of the executor `pjm`. Raises WorkflowError for values that mean nothing."""

    group: Optional[str] = field(
        default=None,
        metadata={"help": "Project that jobs are charged to (`pjsub -g`); a job's resource `pjm_group` goes first."},
    )
    rscgrp: Optional[str] = field(
        default=None,
        metadata={
            "help": "Resource group of jobs that name none by a resource `pjm_rscgrp` or `queue` (`pjsub -L rscgrp=`)."
        },
    )
    site: str = field(
        default="none",
        metadata={
            "choices": tuple(SITES),
            "help": "Whose resource groups and limits jobs are checked against before anything is submitted: "
            "wisteria, genkai, flow or fugaku; none: no check. (default: none)",
        },
    )
    dialect: str = field(
        default="auto",
        metadata={
            "choices": DIALECTS,
            "help": "How jobs are watched: tcs, `pjstat` as Fujitsu documents it; wisteria, the table that `pjstat` "
            "prints on Wisteria; pjwait, `pjwait -w waitnone`. (default: auto, wisteria at the site wisteria, "
            "tcs elsewhere)",
        },
    )
    resource_mode: str = field(
        default="auto",
        metadata={
            "choices": RESOURCE_MODES,
            "help": "What a job asks for in a resource group that hands out several things, or that the site's table "
            "does not know: gpu, `-L gpu=`; node, `-L node=`, whole nodes with all their GPUs; vnode, "
            "`-L vnode-core=`. (default: auto, by which of the resources vnode_core, nodes and gpu a job states)",
        },
    )
    node_gpus: Optional[int] = field(
        default=None,
        metadata={
            "help": "GPUs of a node in a resource group that the site's table does not know; with it, jobs that state "
            "more GPUs than a node has get as many whole nodes as they need. (default: not known)"
        },
    )
    modules: list[str] = field(
        default_factory=list,
        metadata={"nargs": "+", "help": "Environment modules that each job loads first, in this order."},
    )
    init_script: Optional[Path] = field(
        default=None,
        metadata={
            "help": "Bash script that each job sources after the modules, to activate an environment for example."
        },
    )
    extra_args: Optional[str] = field(
        default=None,
        metadata={"help": "Further options of pjsub for each job, as one string, for example '--fs /work -m e'."},
    )
    cache_dir: Optional[Path] = field(
        default=None,
        metadata={
            "help": "XDG_CACHE_HOME of jobs, visible to compute nodes. (default: .snakemake/pjm-cache in the working "
            "directory)"
        },
    )
    tmp_dir: Optional[Path] = field(
        default=None,
        metadata={"help": "TMPDIR of jobs. (default: .snakemake/pjm-tmp in the working directory)"},
    )
    elapse_margin_s: int = field(
        default=900,
        metadata={
            "help": "Seconds before a job's time limit that PJM_DEADLINE_EPOCH in its environment names: the time to "
            "save and stop. (default: 900)"
        },
    )
    time_limit_resubmits: int = field(
        default=0,
        metadata={
            "help": "How often a job that PJM ended at its time limit, or that asked for more time, is submitted again "
            "without counting as failed. (default: 0)"
        },
    )
    node_fault_resubmits: int = field(
        default=2,
        metadata={
            "help": "How often a job that was lost to a fault of its node or of PJM is submitted again without "
            "counting as failed. (default: 2)"
        },
    )
    min_poll_seconds: float = field(
        default=30,
        metadata={"help": "Least seconds between two rounds of status commands. (default: 30)"},
    )
    lost_after: float = field(
        default=600,
        metadata={
            "help": "Seconds after which a job that PJM no longer knows and that left no result counts as lost: an "
            "error. (default: 600)"
        },
    )
    detach_on_exit: bool = field(
        default=False,
        metadata={
            "help": "Let jobs live on when Snakemake is interrupted; the next call takes them up again. Without it, "
            "they are cancelled."
        },
    )
    keep_successful_logs: bool = field(
        default=False,
        metadata={"help": "Keep script and log of jobs that succeeded too; those of failed jobs are always kept."},
    )
    no_stats: bool = field(
        default=False,
        metadata={"help": "Do not have PJM write its account of each job beside the job's log (`pjsub -S --spath`)."},
    )

    def __post_init__(self) -> None:
        if self.init_script:
            # Snakemake reads settings where it was called, and may go to another working directory then.
            self.init_script = Path(self.init_script).absolute()
        problem = next(self._problems(), None)
        if problem:
            raise WorkflowError(problem)

    def _problems(self) -> Iterator[str]:
        for name, known in (("site", tuple(SITES)), ("dialect", DIALECTS), ("resource_mode", RESOURCE_MODES)):
            if getattr(self, name) not in known:
                yield f"{_option(name)}: there is no {getattr(self, name)!r}; choose from {', '.join(known)}"
        for name in (
            "elapse_margin_s",
            "time_limit_resubmits",
            "node_fault_resubmits",
            "min_poll_seconds",
            "lost_after",
        ):
            if getattr(self, name) < 0:
                yield f"{_option(name)}: {getattr(self, name)} is below 0"
        if self.node_gpus is not None and self.node_gpus < 1:
            yield f"{_option('node_gpus')}: {self.node_gpus} is below 1"


def _option(name: str) -> str:
    return f"--pjm-{name.replace('_', '-')}"
