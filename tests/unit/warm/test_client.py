"""What Snakemake starts for each job: it is small, and finds its way to the program without a worker too."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from warm_calls import Calls

from tenbin.warm.client import ColdStartError, connect

PARENT = "import os; print(os.getppid())"
HEAVY = ("argparse", "asyncio", "ctypes", "json", "numpy", "pydantic", "subprocess", "torch")


def test_every_script_has_a_launcher_and_all_launchers_are_one(repository: Path) -> None:
    folder = repository / "src" / "tenbin" / "warm" / "programs"
    launchers = {path.name for path in folder.iterdir() if path.is_symlink()}
    assert launchers == {path.name for path in (repository / "scripts").glob("*.py")}
    assert {(folder / name).readlink() for name in launchers} == {Path("launch.py")}


def test_the_client_imports_nothing_heavy() -> None:
    program = "import sys, tenbin.warm.client; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True).stdout
    assert not set(HEAVY) & {name.partition(".")[0] for name in said.split()}


def test_a_job_of_no_call_runs_cold(calls: Calls) -> None:
    calls.write("parent", PARENT)
    assert calls.run("parent", TENBIN_SNAKEMAKE="") == (0, f"{os.getpid()}\n", "")
    assert not calls.processes()


def test_a_job_in_another_python_environment_runs_cold(calls: Calls) -> None:
    calls.write("parent", PARENT)
    assert calls.run("parent", TENBIN_SNAKEMAKE=f"{os.getpid()}-1 /elsewhere") == (0, f"{os.getpid()}\n", "")


def test_a_job_whose_call_has_ended_runs_cold_and_says_so(calls: Calls) -> None:
    calls.write("parent", PARENT)
    calls.call.kill()
    calls.call.wait()
    status, said, errors = calls.run("parent")
    assert (status, said) == (0, f"{os.getpid()}\n")
    assert errors.startswith("tenbin: this job starts cold: the warm worker ")


def test_a_worker_that_ends_before_the_job_begins_leaves_a_cold_job(calls: Calls) -> None:
    calls.worker.write_text("raise SystemExit\n")
    calls.write("parent", PARENT)
    status, said, errors = calls.run("parent")
    assert (status, said) == (0, f"{os.getpid()}\n")
    assert errors.startswith("tenbin: this job starts cold: the warm worker ")


def test_another_users_socket_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"\0tenbin-test-{os.getpid()}".encode()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        monkeypatch.setattr("tenbin.warm.client.is_of_this_user", lambda connection: False)
        with pytest.raises(ColdStartError, match="another user"):
            connect(place)
