"""Sweeps of proportions."""

from pathlib import Path

import pytest
from sweeps import Study, write_sweep


@pytest.fixture
def exact(tmp_path: Path) -> Study:
    """Return a sweep without noise."""
    return write_sweep(tmp_path)
