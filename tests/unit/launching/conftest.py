"""Small programs for ranks."""

from collections.abc import Callable
from pathlib import Path

import pytest

WriteProgram = Callable[[str], list[str]]


@pytest.fixture
def write_program(tmp_path: Path) -> WriteProgram:
    """Write a script and return it as what a rank runs after the interpreter."""

    def write(text: str) -> list[str]:
        path = tmp_path / "program.py"
        path.write_text(text)
        return [str(path)]

    return write
