"""What jobs inherit: this checkout, this interpreter, and a warm worker where jobs run under this very process."""

import os
import sys
from pathlib import Path

import pytest

from tenbin.planning import export_environment
from tenbin.warm.protocol import name_call


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what the function changes, so that it is put back."""
    for name in ("PATH", "PYTHONPATH", "TENBIN_SCRIPTS", "TENBIN_SNAKEMAKE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.delenv("TENBIN_WARM", raising=False)


def test_the_package_and_the_interpreter_come_first_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/other:/checkout/src")
    for _ in range(2):
        export_environment("/checkout", runs_jobs_here=False)
        assert os.environ["PYTHONPATH"] == "/checkout/src:/other"
    assert os.environ["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_jobs_that_run_elsewhere_run_the_scripts_themselves() -> None:
    export_environment("/checkout", runs_jobs_here=False)
    assert os.environ["TENBIN_SCRIPTS"] == "/checkout/scripts"
    assert "TENBIN_SNAKEMAKE" not in os.environ


def test_a_switch_makes_all_jobs_run_the_scripts_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENBIN_WARM", "0")
    export_environment("/checkout", runs_jobs_here=True)
    assert os.environ["TENBIN_SCRIPTS"] == "/checkout/scripts"
    assert "TENBIN_SNAKEMAKE" not in os.environ


@pytest.mark.skipif(sys.platform != "linux", reason="warm workers are for Linux: jobs run cold elsewhere")
def test_jobs_that_run_here_find_launchers_and_this_call(repository: Path) -> None:
    export_environment(str(repository), runs_jobs_here=True)
    assert Path(os.environ["TENBIN_SCRIPTS"], "score_run.py").is_file()
    assert os.environ["TENBIN_SCRIPTS"] != str(repository / "scripts")
    assert os.environ["TENBIN_SNAKEMAKE"] == name_call()
