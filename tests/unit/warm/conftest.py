"""Warm starts of programs that tests write."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from warm_calls import Calls


@pytest.fixture
def calls(tmp_path: Path, repository: Path) -> Iterator[Calls]:
    """Return what starts programs; no worker is left when the test ends."""
    with Calls(tmp_path / "checkout", repository) as calls:
        yield calls
