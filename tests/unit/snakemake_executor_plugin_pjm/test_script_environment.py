"""What a job script sets up for the user's command, run by a real bash, and what it says when that cannot be had."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pjm_scripts import ScriptPlace

MODULES = "/etc/profile.d/modules.sh"
ENVIRONMENT = (
    "XDG_CACHE_HOME",
    "TMPDIR",
    "OMP_NUM_THREADS",
    "PJM_START_EPOCH",
    "PJM_DEADLINE_EPOCH",
    "SNAKEMAKE_PJM_MORE_TIME",
    "HOME",
)


def show(place: ScriptPlace, environment: dict[str, str] | None = None, **more: Any) -> dict[str, str]:
    names = " ".join(f'"{name}=${{{name}-unset}}"' for name in ENVIRONMENT)
    assert place.run(place.text(f"printf '%s\\n' {names} > shown", **more), environment) == 0, place.log()
    lines = (place.work_directory / "shown").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_environment_of_a_job(place: ScriptPlace) -> None:
    shown = show(place, {"PJM_ELAPSE_LIMIT": "7200"})
    started = place.folder.read_started()
    assert started is not None
    state = place.work_directory / ".snakemake"
    assert shown == {
        "XDG_CACHE_HOME": str(state / "pjm-cache"),
        "TMPDIR": str(state / "pjm-tmp"),
        "OMP_NUM_THREADS": "9",
        "PJM_START_EPOCH": str(started.start_epoch),
        "PJM_DEADLINE_EPOCH": str(started.start_epoch + 7200 - 900),
        "SNAKEMAKE_PJM_MORE_TIME": str(place.folder.more_time),
        "HOME": str(state / "pjm-cache"),
    }


@pytest.mark.parametrize("home", [{"HOME": ""}, {"HOME": "/nonexistent"}])
def test_a_home_that_is_not_there_is_replaced(place: ScriptPlace, home: dict[str, str]) -> None:
    assert show(place, home)["HOME"] == str(place.work_directory / ".snakemake" / "pjm-cache")


def test_a_home_that_is_there_stays(place: ScriptPlace, tmp_path: Path) -> None:
    assert show(place, {"HOME": str(tmp_path)})["HOME"] == str(tmp_path)


def test_caches_and_temporary_files_go_where_the_user_says(place: ScriptPlace, tmp_path: Path) -> None:
    shown = show(place, cache_dir=tmp_path / "a cache", tmp_dir=Path("scratch"))
    assert shown["XDG_CACHE_HOME"] == str(tmp_path / "a cache")
    assert shown["TMPDIR"] == str(place.work_directory / "scratch")
    assert (place.work_directory / "scratch").is_dir()


@pytest.mark.parametrize(
    ("elapse_s", "told", "margin_s", "usable_s"),
    [
        (3600, "", 900, 2700),
        (3600, "7200", 900, 6300),
        (None, "7200", 900, 6300),
        (None, "", 900, None),
        (3600, "unlimited", 900, None),
        (1200, "1200", 900, 600),
        (1200, "1200", 0, 1200),
    ],
)
def test_the_deadline_leaves_the_margin_but_never_less_than_half_the_time(
    place: ScriptPlace, elapse_s: int | None, told: str, margin_s: int, usable_s: int | None
) -> None:
    limit = {"PJM_ELAPSE_LIMIT": told} if told else {}
    shown = show(place, limit, elapse_s=elapse_s, elapse_margin_s=margin_s)
    if usable_s is None:
        assert shown["PJM_DEADLINE_EPOCH"] == "unset"
    else:
        assert int(shown["PJM_DEADLINE_EPOCH"]) - int(shown["PJM_START_EPOCH"]) == usable_s


KNOWN_MODULES = 'module() { case $2 in gcc | cuda/12.6) export LOADED="$LOADED $2" ;; *) return 1 ;; esac; }'


@pytest.fixture
def modules(tmp_path: Path) -> Callable[[str], str]:
    """Return a change of a script to a module system that knows gcc and cuda/12.6, and needs a home."""
    system = tmp_path / "modules.sh"
    system.write_text(f"[ -d $HOME ] && {KNOWN_MODULES}\n", encoding="utf-8")
    return lambda text: text.replace(MODULES, str(system))


def test_modules_are_loaded_in_order(place: ScriptPlace, modules: Callable[[str], str]) -> None:
    text = place.text("echo $LOADED > loaded", modules=["gcc", "cuda/12.6"])
    assert place.run(modules(text)) == 0, place.log()
    assert (place.work_directory / "loaded").read_text(encoding="utf-8") == "gcc cuda/12.6\n"


def test_a_module_that_is_not_there_fails_the_job(place: ScriptPlace, modules: Callable[[str], str]) -> None:
    assert place.run(modules(place.text("touch ran", modules=["gcc", "fortran/77"]))) == 1
    assert f"module load fortran/77 failed on {os.uname().nodename}" in place.log()
    assert place.folder.read_return_code() == 1
    assert not (place.work_directory / "ran").exists()


def test_modules_without_a_module_system_fail_the_job(place: ScriptPlace) -> None:
    text = place.text("touch ran", modules=["gcc"]).replace(MODULES, "/nonexistent/modules.sh")
    assert place.run(text) == 1
    assert "module load gcc failed" in place.log()
    assert place.folder.read_return_code() == 1


def test_the_init_script_has_the_last_word(place: ScriptPlace) -> None:
    (place.work_directory / "init.sh").write_text("export TMPDIR=/dev/shm GREETING='good day'\n", encoding="utf-8")
    text = place.text('echo "$GREETING from $TMPDIR" > said', init_script=place.work_directory / "init.sh")
    assert place.run(text) == 0
    assert (place.work_directory / "said").read_text(encoding="utf-8") == "good day from /dev/shm\n"


@pytest.mark.parametrize(
    ("init", "return_code", "message"),
    [
        ("cd /nonexistent", 1, "failed with status 1"),
        ("return 3", 1, "failed with status 3"),
        ("exit 4", 4, "left the job with status 4"),
        ("set -e; false; true", 1, "left the job with status 1"),
        ("if then", 1, "failed with status"),
    ],
)
def test_an_init_script_that_fails_fails_the_job(place: ScriptPlace, init: str, return_code: int, message: str) -> None:
    script = place.work_directory / "my init.sh"
    script.write_text(init, encoding="utf-8")
    assert place.run(place.text("touch ran", init_script=script)) == return_code
    assert f"the init script {script} {message}" in place.log()
    assert place.folder.read_return_code() == return_code
    assert not (place.work_directory / "ran").exists()


@pytest.mark.parametrize("init", ["trap 'exit 0' EXIT XCPU TERM", "set -euo pipefail", "folder=/nonexistent rc=0"])
def test_what_an_init_script_does_to_its_shell_hides_no_failure(place: ScriptPlace, init: str) -> None:
    (place.work_directory / "init.sh").write_text(f"{init}\n", encoding="utf-8")
    assert place.run(place.text("(exit 9)", init_script=place.work_directory / "init.sh")) == 9
    assert place.folder.read_return_code() == 9


def test_an_init_script_that_is_not_there_fails_the_job(place: ScriptPlace) -> None:
    assert place.run(place.text("touch ran", init_script=Path("gone.sh"))) == 1
    assert "gone.sh" in place.log()
    assert place.folder.read_return_code() == 1


def test_a_working_directory_that_is_gone_fails_the_job(tmp_path: Path, place: ScriptPlace) -> None:
    place.work_directory = tmp_path / "gone"
    text = place.text("true", cache_dir=tmp_path / "cache", tmp_dir=tmp_path / "tmp")
    assert place.run(text) == 1
    assert f"the working directory {tmp_path / 'gone'} is not there" in place.log()
    assert place.folder.read_return_code() == 1


def test_a_folder_that_the_node_cannot_see_is_said(tmp_path: Path, place: ScriptPlace) -> None:
    text = place.text("touch ran").replace(str(place.folder.path), str(tmp_path / "unseen"))
    assert place.run(text) == 1
    assert f"cannot write to {tmp_path / 'unseen'}; is it on a file system that compute nodes see?" in place.log()
    assert not (place.work_directory / "ran").exists()


def test_a_folder_that_cannot_be_claimed_runs_nothing(place: ScriptPlace) -> None:
    place.folder.started.mkdir()
    place.folder.started.joinpath("started.1001").mkdir()
    assert place.run(place.text("touch ran")) == 1
    assert f"cannot claim {place.folder.path}: ln:" in place.log()
    assert place.folder.read_return_code() is None
    assert not (place.work_directory / "ran").exists()


def test_outside_of_pjm_nothing_runs(place: ScriptPlace) -> None:
    assert place.run(place.text("touch ran"), {"PJM_JOBID": ""}) == 1
    assert "PJM_JOBID is not set; this script is for pjsub" in place.log()
    assert not (place.work_directory / "ran").exists()
