"""The checkout of GPT-NeoX that `neox.home` names: there, untouched, and of a commit that was tested.

Nothing here uses a network: a checkout is brought to a machine by its user.
"""

import os
import subprocess
from pathlib import Path

from tenbin.errors import UserError

REPOSITORY = "https://github.com/EleutherAI/gpt-neox"
TESTED_COMMITS = ("ea7aefd8f8e183256992d9fede4d7c71a46d67a5",)
"""Commits that the tests marked `neox` ran against, newest first."""
SIGN = Path("megatron", "training.py")
"""A file that every checkout of GPT-NeoX has."""


def require_checkout(home: Path | None) -> str:
    """Return the commit of a checkout that may be run.

    Raises UserError if there is none, its tracked files were changed, or its commit was not tested.
    """
    if home is None:
        raise UserError(f"engine neox: no checkout of GPT-NeoX is named; set neox.home in the config. {advice()}")
    _require_git_checkout(home)
    commit = _git(home, "rev-parse", "HEAD").strip()
    changed = _git(home, "status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        raise UserError(
            f"neox.home {home}: {len(changed)} tracked file(s) differ from commit {commit[:12]}, the first is "
            f"{changed[0][3:]}; results would not be GPT-NeoX's: undo the changes with "
            f"`git -C {home} checkout -- .` or use a fresh checkout"
        )
    if commit not in TESTED_COMMITS:
        raise UserError(f"neox.home {home} is at commit {commit[:12]}, which was not tested. {advice(home)}")
    return commit


def advice(home: Path | None = None) -> str:
    """Return how to get a checkout that may be run."""
    commit = TESTED_COMMITS[0]
    if home is None:
        return f"Get one with `git clone {REPOSITORY} gpt-neox && git -C gpt-neox checkout {commit}`"
    return f"Get the tested commit with `git -C {home} fetch origin && git -C {home} checkout {commit}`"


def _require_git_checkout(home: Path) -> None:
    if not home.is_dir():
        raise UserError(f"neox.home {home}: there is no such folder. {advice()}")
    if not (home / SIGN).is_file():
        raise UserError(f"neox.home {home} is no checkout of GPT-NeoX: {SIGN} is missing. {advice()}")
    if not (home / ".git").exists():
        raise UserError(
            f"neox.home {home} is no git checkout (no .git in it), so that its commit can't be checked. {advice()}"
        )


def _git(home: Path, *arguments: str) -> str:
    try:
        # Without locks: several runs may look at one checkout at once, or it may be read-only.
        done = subprocess.run(
            ["git", "-C", str(home), *arguments],
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(f"git is not on PATH, so that neox.home {home} can't be checked; load or install git") from None
    if done.returncode:
        raise UserError(f"neox.home {home}: git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
