"""The dry run inside the plan: its command, and what is read from it."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.settings.types import ResourceSettings

from tenbin.errors import UserError
from tenbin.pricing.dry_run import dry_run_command, read_dry_run
from tenbin.pricing.identities import PlannedJob


def called(**changes: Any) -> Any:
    """Return what a Snakefile sees of a plain call."""
    plain = {
        "main_snakefile": "/checkout/Snakefile",
        "workdir_init": "/home/user",
        "overwrite_configfiles": [],
        "config_settings": SimpleNamespace(config_args=[]),
        "rerun_triggers": {"params", "mtime"},
        "deployment_settings": SimpleNamespace(deployment_method=set()),
        "resource_settings": ResourceSettings(),
    }
    return SimpleNamespace(**plain | changes)


def option(command: list[str], flag: str) -> list[str]:
    """Return the values of an option."""
    first = command.index(flag) + 1
    rest = command[first:]
    return rest[: next((n for n, word in enumerate(rest) if word.startswith("--")), len(rest))]


def test_config_files_and_settings_are_those_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = SimpleNamespace(config_args=["a=1", "b=x y"])
    command = dry_run_command(called(overwrite_configfiles=["my/study.yaml", "/abs/c.yaml"], config_settings=settings))
    assert option(command, "--configfile") == ["/home/user/my/study.yaml", "/abs/c.yaml"]
    assert option(command, "--config") == ["a=1", "b=x y"]
    assert option(command, "--directory") == [str(tmp_path)]
    assert option(command, "--snakefile") == ["/checkout/Snakefile"]
    assert option(command, "--rerun-triggers") == ["mtime", "params"]


def test_what_the_call_leaves_out_is_left_out() -> None:
    command = dry_run_command(called())
    assert "--configfile" not in command
    assert "--config" not in command
    assert "--software-deployment-method" not in command
    assert not {"--set-resources", "--set-threads"} & set(command)
    assert {"--dry-run", "--nolock"} <= set(command)
    assert option(command, "--profile") == option(command, "--workflow-profile") == ["none"]


def test_what_jobs_ask_for_is_passed_on() -> None:
    queue = {"queue": "'a' if wildcards.size == 'e8' else 'b'", "gpu": 8, "runtime": "2h"}
    settings = ResourceSettings(overwrite_resources={"score_run": queue}, overwrite_threads={"score_run": 9})
    command = dry_run_command(called(resource_settings=settings))
    assert option(command, "--set-resources") == [
        "score_run:queue='a' if wildcards.size == 'e8' else 'b'",
        "score_run:gpu=8",
        "score_run:runtime=120",
    ]
    assert option(command, "--set-threads") == ["score_run=9"]


def program(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def test_jobs_are_read_line_by_line(tmp_path: Path) -> None:
    asks = {"queue": "share", "threads": 1}
    lines = [{"rule": "write_mix", "wildcards": {"mix": "both"}, "reason": "Missing output files: x", "asks": asks}]
    printed = "\n".join(["Building DAG of jobs...", *map(json.dumps, lines)])
    assert read_dry_run(program(tmp_path, f"print({printed!r})")) == [
        PlannedJob("write_mix", {"mix": "both"}, "Missing output files: x", asks)
    ]


def test_nothing_planned_is_no_job(tmp_path: Path) -> None:
    assert read_dry_run(program(tmp_path, "")) == []


def test_our_own_error_is_passed_on_in_one_line(tmp_path: Path) -> None:
    text = "import sys; print('noise', file=sys.stderr); sys.exit('tenbin: error: study.yaml:3: steps: missing')"
    with pytest.raises(UserError, match=r"^study.yaml:3: steps: missing$"):
        read_dry_run(program(tmp_path, text))


def test_another_error_is_told_whole(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="MissingInputException in rule x"):
        read_dry_run(program(tmp_path, "import sys; sys.exit('MissingInputException in rule x')"))
