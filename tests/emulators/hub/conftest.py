"""A running hub, and the stage's command pointed at it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from emulators.hub.server import COMMIT, REPOSITORY_ID, Hub, serve_hub

from tenbin.errors import PREFIX


@dataclass
class Fetch:
    """The command on one output; the real client is pointed at the server by HF_ENDPOINT."""

    hub: Hub
    folder: Path
    checkout: Path
    shard: str = "shard"

    def __post_init__(self) -> None:
        self.out = self.folder / "out" / self.shard
        self.record = self.out.with_name(f"{self.shard}.json")
        self.partial = self.out.with_name(f".{self.shard}.partial")
        self.note = self.out.with_name(f".{self.shard}.partial.json")

    def __call__(
        self, file: str, *arguments: str, name: str = REPOSITORY_ID, revision: str = COMMIT, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        process = self.start(file, *arguments, name=name, revision=revision, **variables)
        _, printed = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, "", printed)

    def start(
        self, file: str, *arguments: str, name: str = REPOSITORY_ID, revision: str = COMMIT, **variables: str
    ) -> subprocess.Popen[str]:
        """Start, with further environment variables."""
        place = {"HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.folder / "home")}
        environment = os.environ | place | {"NO_PROXY": "127.0.0.1,localhost"} | variables
        environment["PYTHONPATH"] = str(self.checkout / "src")
        wanted = ["--repository", name, "--revision", revision, "--file", file]
        outputs = ["--out", str(self.out), "--record", str(self.record)]
        command = [sys.executable, str(self.checkout / "scripts" / "fetch_hub_file.py"), *wanted, *outputs, *arguments]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def kept(self) -> list[str]:
        """Return the names of the files that are left."""
        return sorted(path.name for path in self.out.parent.iterdir())


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a running hub without files."""
    with serve_hub() as hub:
        yield hub


@pytest.fixture
def fetch(hub: Hub, tmp_path: Path, repository: Path) -> Fetch:
    """Return the command."""
    return Fetch(hub, tmp_path, repository)


def assert_refused(finished: subprocess.CompletedProcess[str], message: str) -> None:
    """Check that a command ended in one line that says what is wrong."""
    last_line = finished.stderr.splitlines()[-1]
    assert finished.returncode == 1, finished.stderr
    assert last_line.startswith(PREFIX)
    assert message in last_line
    assert "Traceback" not in finished.stderr
