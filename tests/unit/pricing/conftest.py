"""The published study in a folder of its own, to change at will."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from priced import PINNED, Config, MakeStudy, merge

from tenbin.study.model import Study
from tenbin.study.reading import load_yaml, read_study


@pytest.fixture
def make_study(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStudy:
    """Return a function that changes the published study's config and checks it; its folders are temporary."""
    monkeypatch.chdir(tmp_path)
    published = merge(load_yaml(repository / "config" / "published.yaml"), PINNED)
    base = merge(load_yaml(repository / "config.yaml"), published)

    def make(change: Callable[[Config], object] = lambda config: None) -> Study:
        config = copy.deepcopy(base)
        change(config)
        return read_study(config, [])

    return make
