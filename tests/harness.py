"""A study in a folder of its own, planned and run by the real Snakemake."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

REQUIRED = set(filter(None, os.environ.get("TENBIN_REQUIRE", "").split(",")))
JOB_COUNT = re.compile(r"^(\w+) +(\d+)$")
CODE = ("Snakefile", "claims.yaml", "config.yaml", "rules", "scripts", "src", "report", "envs")


class Workflow:
    """A working folder with text, an overlay config and what running it leaves."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder = folder
        self.checkout = checkout
        self.overlay = folder / "study.yaml"
        self.results = folder / "results" / "tiny"

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs Snakemake on two cores."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.checkout / "Snakefile")]
        # --configfile takes several values: something else must stand between it and a target.
        command += ["--directory", str(self.folder), "--configfile", str(self.overlay), "--cores", "2"]
        return [*command, *arguments]

    def call(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run Snakemake; output and errors come back together."""
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | (env or {})
        return subprocess.run(
            self.command(*arguments),
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def run(self, *arguments: str) -> str:
        """Run and expect success."""
        done = self.call(*arguments)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def fail(self, *arguments: str) -> str:
        """Run and expect a failure without a traceback."""
        done = self.call(*arguments)
        assert done.returncode == 1, done.stdout[-4000:]
        assert "Traceback" not in done.stdout
        return done.stdout

    def plan(self, *arguments: str) -> dict[str, int]:
        """Return the number of planned jobs by rule, without the targets."""
        printed = self.run(*arguments, "--dry-run", "--quiet", "rules")
        counts = dict(match.groups() for match in map(JOB_COUNT.match, printed.splitlines()) if match)
        return {rule: int(count) for rule, count in counts.items() if rule not in ("total", "all", "data", "train")}

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the overlay."""
        config = yaml.safe_load(self.overlay.read_text(encoding="utf-8"))
        change(config)
        self.overlay.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def steps_taken(self) -> int:
        """Return how many training steps were ever taken, in whatever generation."""
        return len(self._history())

    def losses_of_steps(self) -> list[float]:
        """Return the losses (nats/token) of all steps ever taken, in the steps' order."""
        return [line["loss"] for line in sorted(self._history(), key=lambda line: line["step"])]

    def _history(self) -> list[dict[str, Any]]:
        histories = (self.folder / "work").glob("*/*/history.jsonl")
        return [json.loads(line) for history in histories for line in history.read_text().splitlines()]

    def losses(self) -> bytes:
        """Return the table of losses."""
        return (self.results / "losses.csv").read_bytes()

    def json(self, name: str) -> Any:
        """Return a JSON file of the results."""
        return json.loads((self.results / name).read_text(encoding="utf-8"))


def lay_out(folder: Path, checkout: Path) -> Workflow:
    """Put the tiny study's text and config into a folder."""
    shutil.copytree(checkout / "tests" / "studies" / "text", folder / "text")
    shutil.copy(checkout / "tests" / "studies" / "tiny.yaml", folder / "study.yaml")
    return Workflow(folder, checkout)


def skip_or_fail(what: str, reason: str) -> None:
    """Skip a test whose ground truth is absent; fail if $TENBIN_REQUIRE names it."""
    if what in REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)
