"""Which jobs a call of Snakemake would run and why, from a dry run inside the plan.

The rule `plan` is a job of a Snakemake that was told to make nothing else; so it starts a second one, with the same
config, that is told to make everything and runs nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tenbin.errors import PREFIX, UserError
from tenbin.pricing.identities import PlannedJob


def dry_run_command(workflow: Any) -> list[str]:
    """Return the command that dry-runs the default targets as Snakemake's `workflow` was called itself.

    What decides staleness is passed on: Snakefile, config, working folder, triggers, ways to deploy software; and what
    jobs ask for by --set-resources and --set-threads. Profiles are not: all they say is in `workflow` by now. Nothing
    is locked, and files that were cut off are to be made anew.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nolock", "--rerun-incomplete", "--logger", "tenbin"]
    command += ["--cores", "1024", "--profile", "none", "--workflow-profile", "none"]
    command += ["--snakefile", str(workflow.main_snakefile), "--directory", os.getcwd()]  # noqa: PTH109  # as Snakemake
    command += _option("--configfile", [_absolute(workflow, path) for path in workflow.overwrite_configfiles])
    command += _option("--config", workflow.config_settings.config_args or [])
    command += _option("--rerun-triggers", sorted(map(str, workflow.rerun_triggers)))
    methods = workflow.deployment_settings.deployment_method
    command += _option("--software-deployment-method", sorted(map(str, methods)))
    return command + _resources(workflow.resource_settings)


def _resources(settings: Any) -> list[str]:
    """Return what --set-resources and --set-threads said, as Snakemake itself passes it on to jobs."""
    resources = settings._parsed_overwrite_resources.items()
    threads = settings._parsed_overwrite_threads.items()
    said = [f"{rule}:{name}={value.raw}" for rule, values in resources for name, value in values.items()]
    return _option("--set-resources", said) + _option("--set-threads", [f"{rule}={n.raw}" for rule, n in threads])


def _option(flag: str, values: list[str]) -> list[str]:
    return [flag, *values] if values else []


def _absolute(workflow: Any, path: str) -> str:
    return str(Path(workflow.workdir_init, path))


def read_dry_run(command: list[str]) -> list[PlannedJob]:
    """Run such a command and return its jobs.

    Raises UserError with the error's own line if it fails.
    """
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    if done.returncode:
        raise UserError(_last_error(done.stderr))
    return [PlannedJob(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]


def _last_error(printed: str) -> str:
    """Return tenbin's own message if there is one, else all that was printed."""
    ours = [line.removeprefix(PREFIX) for line in printed.splitlines() if line.startswith(PREFIX)]
    return ours[-1] if ours else f"the dry run that the plan is made from failed: {printed.strip()}"
