"""Logger plugin of Snakemake (`--logger tenbin`): the jobs of a call as JSON, a line each, on stdout.

The plan reads from a dry run which jobs would run, why, and what they ask of a batch system. Snakemake's events tell
that in full; its printed text is for people, and follows `--quiet` and colours. Snakemake finds this package by its
name on the path. Warnings and errors go to stderr as ever.
"""

import json
import logging
import sys
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

ASKED = ("queue", "nodes", "gpu", "runtime")
"""Resources that a job asks a batch system for; `runtime` in minutes."""


class LogHandler(LogHandlerBase):
    """Prints each job as {"rule", "wildcards", "reason", "asks"}."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a job, or a message that a reader must see."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            self._print_job(vars(record))
        elif record.levelno >= logging.WARNING:
            print(record.getMessage(), file=sys.stderr)

    def _print_job(self, job: dict[str, Any]) -> None:
        if job["output"]:  # a target makes nothing
            described = {"rule": job["rule_name"], "wildcards": dict(job["wildcards"]), "reason": job["reason"]}
            print(json.dumps(described | {"asks": _asks(job)}))

    @property
    def writes_to_stream(self) -> bool:
        """Take the place of Snakemake's own printing."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No file is written."""
        return False

    @property
    def has_filter(self) -> bool:
        """See every event, whatever `--quiet` says."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Format by itself."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No graph is needed."""
        return False


def _asks(job: dict[str, Any]) -> dict[str, Any]:
    """Return what a job asks for, as far as a resource says it, and its threads."""
    resources = dict(job["resources"].items())
    return {name: resources[name] for name in ASKED if name in resources} | {"threads": job["threads"]}
