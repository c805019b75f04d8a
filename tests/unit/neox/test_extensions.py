"""Parts are compiled once on a kind of machine; a start that finds or loses a race harms nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from tenbin.errors import UserError
from tenbin.neox import extensions
from tenbin.neox.extensions import copy_operations, prepare_extensions

COMMIT = "a" * 40


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand for the compilers: leave files, and note where."""
    built: list[Path] = []

    def build(_home: Path, folder: Path, _environment: dict[str, str]) -> None:
        built.append(folder)
        (folder / "operations" / "fused_adam").mkdir()
        (folder / "operations" / "fused_adam" / "fused_adam.so").write_bytes(b"code")

    monkeypatch.setattr(extensions, "_build", build)
    monkeypatch.delenv(extensions.PLACE, raising=False)
    return built


def prepare(work: Path, commit: str = COMMIT) -> Path:
    return prepare_extensions(Path("/checkout"), commit, work, 0, {})


def test_parts_are_built_once_in_the_work_folder(tmp_path: Path, builds: list[Path]) -> None:
    folder = prepare(tmp_path)
    assert folder.parent == tmp_path / "extensions"
    assert prepare(tmp_path) == folder
    assert len(builds) == 1
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_commit_or_place_has_parts_of_its_own(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(tmp_path)
    assert prepare(tmp_path, "b" * 40) != first
    monkeypatch.setenv(extensions.PLACE, str(tmp_path / "elsewhere"))
    assert prepare(tmp_path).parent == tmp_path / "elsewhere"
    assert len(builds) == 3


def test_another_processor_has_parts_of_its_own(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(tmp_path)
    monkeypatch.setattr(extensions, "cpu_model", lambda: "another")
    assert prepare(tmp_path) != first
    assert len(builds) == 2


def test_of_two_that_build_at_once_one_wins(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = extensions._build

    def build_behind_another(home: Path, folder: Path, environment: dict[str, str]) -> None:
        slow(home, folder, environment)
        monkeypatch.setattr(extensions, "_build", slow)
        monkeypatch.setattr(os, "getpid", lambda: 1)
        prepare(tmp_path)

    monkeypatch.setattr(extensions, "_build", build_behind_another)
    folder = prepare(tmp_path)
    assert len(builds) == 2
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (folder / "operations" / "fused_adam" / "fused_adam.so").read_bytes() == b"code"


def test_a_failed_build_is_told_and_leaves_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(extensions.PLACE, raising=False)
    (tmp_path / "megatron" / "data").mkdir(parents=True)
    (tmp_path / "megatron" / "data" / "helpers.cpp").write_text("#error no such thing\n")
    with pytest.raises(
        UserError, match=r"failed: tenbin: error: .* could not compile .*helpers.cpp.* is in .*build.log"
    ):
        prepare_extensions(tmp_path, COMMIT, tmp_path / "work", 0, {})
    assert [path.name for path in (tmp_path / "work" / "extensions").iterdir()] == ["build.log"]
    assert "no such thing" in (tmp_path / "work" / "extensions" / "build.log").read_text()


def test_an_environment_without_deepspeed_is_refused(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(package: str) -> str:
        raise extensions.PackageNotFoundError(package)

    monkeypatch.setattr(extensions, "version", absent)
    with pytest.raises(UserError, match=r"is not installed; install the environment envs/neox.yaml"):
        prepare(tmp_path)
    assert not builds


def test_each_start_gets_a_copy_without_the_lock_of_the_last(tmp_path: Path, builds: list[Any]) -> None:
    built = prepare(tmp_path)
    copy = copy_operations(built, tmp_path / "copy")
    (copy / "fused_adam" / "lock").touch()
    copy_operations(built, tmp_path / "copy")
    assert [path.name for path in (copy / "fused_adam").iterdir()] == ["fused_adam.so"]
    original = built / "operations" / "fused_adam" / "fused_adam.so"
    assert (copy / "fused_adam" / "fused_adam.so").stat().st_mtime_ns == original.stat().st_mtime_ns
    assert builds
