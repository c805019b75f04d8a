"""A running hub, and the stage's command pointed at it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulators.hub.server import COMMIT, REPOSITORY_ID, Hub, serve_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a running hub without files."""
    with serve_hub() as hub:
        yield hub


FetchFile = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch_file(hub: Hub, tmp_path: Path, repository: Path) -> FetchFile:
    """Return a function that runs the command on a file; the real client is pointed at the server by HF_ENDPOINT."""

    def run(file: str, *, name: str = REPOSITORY_ID, revision: str = COMMIT) -> subprocess.CompletedProcess[str]:
        place = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "NO_PROXY": "127.0.0.1,localhost"}
        script = repository / "scripts" / "fetch_hub_file.py"
        wanted = ["--repository", name, "--revision", revision, "--file", file]
        outputs = ["--out", str(tmp_path / "out" / "shard"), "--record", str(tmp_path / "out" / "shard.json")]
        environment = os.environ | {"PYTHONPATH": str(repository / "src")} | place
        command = [sys.executable, str(script), *wanted, *outputs]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run
