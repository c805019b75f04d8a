"""A PATH whose first folder holds the programs that a test puts there, and what runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_programs import Program, job_folder, path_with, program_maker
from processes import wait_until_gone

from snakemake_executor_plugin_pjm.commands import Pjm, TimeLimits
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.settings import ExecutorSettings


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the first folder of PATH; there are no programs of PJM in the others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", path_with(folder))
    return folder


@pytest.fixture
def program(bin_folder: Path) -> Program:
    """Return what puts a program on PATH."""
    return program_maker(bin_folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[JobFolder]:
    """Yield a submission's folder, with a space in its name; no process may be left that knows it."""
    yield job_folder(tmp_path / "my submission")
    wait_until_gone(str(tmp_path))


@pytest.fixture
def pjm() -> Pjm:
    """Return the commands with their own time limits."""
    return Pjm(ExecutorSettings())


@pytest.fixture
def hasty() -> Pjm:
    """Return the commands with time limits that a test can wait for."""
    return Pjm(ExecutorSettings(), TimeLimits(submit_s=0.5, query_s=0.5, delete_s=0.5))
