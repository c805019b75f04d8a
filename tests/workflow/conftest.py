"""Studies that workflow tests start from: untouched, finished, and finished with code of their own."""

import shutil
from pathlib import Path

import pytest
from harness import CODE, Workflow, lay_out


@pytest.fixture
def workflow(tmp_path: Path, repository: Path) -> Workflow:
    """Return a tiny study of which nothing has run."""
    (tmp_path / "study").mkdir()
    return lay_out(tmp_path / "study", repository)


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Workflow:
    """Return the tiny study, run whole; tests work on copies of it."""
    study = lay_out(tmp_path_factory.mktemp("finished"), repository)
    study.run()
    return study


@pytest.fixture
def finished(finished_once: Workflow, tmp_path: Path) -> Workflow:
    """Return a copy of the finished tiny study to change at will."""
    shutil.copytree(finished_once.folder, tmp_path / "study", symlinks=True)
    return Workflow(tmp_path / "study", finished_once.checkout)


@pytest.fixture
def finished_with_code(finished: Workflow, repository: Path, tmp_path: Path) -> Workflow:
    """Return a copy of the finished study whose code can be edited too."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in CODE:
        source = repository / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, checkout / name)
    return Workflow(finished.folder, checkout)
