"""Only an untouched checkout of a tested commit is run; everything else is one message with what to do."""

import subprocess
from pathlib import Path

import pytest

from tenbin.errors import UserError
from tenbin.neox import checkout
from tenbin.neox.checkout import TESTED_COMMITS, require_checkout

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def git(home: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", home, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A repository with a file of GPT-NeoX's name."""
    home = tmp_path / "gpt-neox"
    (home / "megatron").mkdir(parents=True)
    (home / "megatron" / "training.py").write_text("pass\n")
    git(home.parent, "init", "-q", str(home))
    git(home, "add", "-A")
    git(home, *IDENTITY, "commit", "-q", "-m", "one")
    return home


@pytest.fixture
def tested(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checkout, "TESTED_COMMITS", (git(home, "rev-parse", "HEAD").strip(),))
    return home


def test_a_tested_checkout_gives_its_commit(tested: Path) -> None:
    assert require_checkout(tested) == git(tested, "rev-parse", "HEAD").strip()


def test_compiled_files_in_it_do_no_harm(tested: Path) -> None:
    (tested / "megatron" / "helpers.so").write_bytes(b"x")
    require_checkout(tested)


def test_changed_files_are_refused_and_named(tested: Path) -> None:
    (tested / "megatron" / "training.py").write_text("pass  # faster\n")
    with pytest.raises(UserError, match=r"1 tracked file.s. differ from commit .*megatron/training.py.*checkout -- \."):
        require_checkout(tested)


def test_an_untested_commit_is_refused_with_the_way_to_a_tested_one(home: Path) -> None:
    with pytest.raises(UserError, match=f"was not tested. Get the tested commit with .*checkout {TESTED_COMMITS[0]}"):
        require_checkout(home)


def test_an_absent_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no checkout of GPT-NeoX is named; set neox.home"):
        require_checkout(None)
    with pytest.raises(UserError, match=r"there is no such folder. Get one with `git clone"):
        require_checkout(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"megatron/training.py is missing"):
        require_checkout(tmp_path)


def test_a_copy_without_its_history_is_refused(home: Path) -> None:
    (home / ".git").rename(home.parent / "elsewhere")
    with pytest.raises(UserError, match=r"no git checkout"):
        require_checkout(home)


def test_a_broken_repository_is_told_in_gits_words(tested: Path) -> None:
    (tested / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(UserError, match=r"git rev-parse HEAD failed: fatal"):
        require_checkout(tested)


def test_without_git_nothing_is_run(tested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="git is not on PATH"):
        require_checkout(tested)


@pytest.mark.neox
def test_the_real_checkout_is_the_tested_one(neox_home: Path) -> None:
    assert require_checkout(neox_home) == TESTED_COMMITS[0]
