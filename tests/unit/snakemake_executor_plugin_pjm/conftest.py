"""Working directories with a submission's folder in them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pjm_scripts import ScriptPlace


@pytest.fixture
def make_place() -> Iterator[Callable[[Path], ScriptPlace]]:
    made: list[ScriptPlace] = []

    def make(work_directory: Path) -> ScriptPlace:
        made.append(ScriptPlace(work_directory))
        return made[-1]

    yield make
    for place in made:
        place.kill_all()


@pytest.fixture
def place(tmp_path: Path, make_place: Callable[[Path], ScriptPlace]) -> ScriptPlace:
    return make_place(tmp_path / "work")
