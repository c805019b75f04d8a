"""The job script, run by a real bash: one job of two, what becomes of its end, and signals."""

import os
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pjm_scripts import ScriptPlace
from processes import wait_for
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.job_folder import JobFolder, Started


def test_pjm_reads_its_lines_before_any_command(place: ScriptPlace) -> None:
    lines = place.text("true").splitlines()
    assert lines[:8] == [
        "#!/bin/bash",
        "#PJM -g gz11",
        "#PJM -L rscgrp=share",
        "#PJM -j",
        f"#PJM -o {place.folder.path}/%j.log",
        "#PJM -S",
        f"#PJM --spath {place.folder.path}/%j.stats",
        "",
    ]
    assert not [line for line in lines[8:] if line.startswith("#PJM")]


def test_without_statistics_pjm_is_asked_for_none(place: ScriptPlace) -> None:
    assert "stats" not in place.text("true", no_stats=True)


def test_a_log_below_a_folder_that_needs_quotes_is_named_from_there(tmp_path: Path) -> None:
    text = ScriptPlace(tmp_path / "my work").text("true")
    assert "#PJM -o .snakemake/pjm/abc/%j.log" in text.splitlines()
    assert "#PJM --spath .snakemake/pjm/abc/%j.stats" in text.splitlines()


def test_a_log_that_pjm_cannot_be_told_of_is_refused(tmp_path: Path) -> None:
    place = ScriptPlace(tmp_path / "my work")
    place.work_directory = tmp_path / "elsewhere"
    with pytest.raises(WorkflowError, match=r"my work.*a #PJM line holds no blanks.*move the workflow"):
        place.text("true")


@pytest.mark.parametrize(
    ("command", "return_code"),
    [
        ("true", 0),
        ("false", 1),
        ("exit 75", 75),
        ("bash -c 'kill -9 $$'", 137),
        ("bash -c 'kill -TERM $$'", 143),
        ("export A=1 && echo $A | grep -q 1", 0),
        ("no-such-program --flag", 127),
    ],
)
def test_the_commands_end_is_the_jobs_end_and_is_written_down(
    place: ScriptPlace, command: str, return_code: int
) -> None:
    assert place.run(place.text(command)) == return_code
    assert place.folder.read_return_code() == return_code
    assert not place.folder.time_limit.exists()
    assert sorted(path.name for path in place.folder.path.iterdir()) == [
        "1001.log",
        "job.sh",
        "rc",
        "started",
        "started.1001",
    ]


def test_a_job_says_where_and_since_when_it_runs(place: ScriptPlace) -> None:
    before = int(time.time())
    assert place.run(place.text("true"), {"PJM_ELAPSE_LIMIT": "1800"}) == 0
    started = place.folder.read_started()
    assert isinstance(started, Started)
    assert (started.job_id, started.elapse_limit_s) == ("1001", 1800)
    assert before <= started.start_epoch <= int(time.time())
    assert started.host == os.uname().nodename


@pytest.mark.parametrize("awkward", ["my work", "it's", 'say "hi"', "a$HOME`b`", "日本語 folder", "a;b&c|d"])
def test_any_folder_will_do(tmp_path: Path, make_place: Callable[[Path], ScriptPlace], awkward: str) -> None:
    place = make_place(tmp_path / awkward)
    assert place.run(place.text('pwd > where && echo x > "$TMPDIR/x"')) == 0
    assert (place.work_directory / "where").read_text(encoding="utf-8") == f"{place.work_directory}\n"
    assert (place.work_directory / ".snakemake" / "pjm-tmp" / "x").exists()
    assert place.folder.read_return_code() == 0


def test_of_two_jobs_with_one_folder_exactly_one_runs(place: ScriptPlace) -> None:
    for number in range(20):
        folder = place.folder = JobFolder(place.folder.path.with_name(f"race{number}"))
        folder.path.mkdir()
        folder.script.write_text(place.text(f"echo ran >> {folder.path}/ran; sleep 0.05; exit 3"), encoding="utf-8")
        jobs = {job_id: place.start(job_id) for job_id in ("1001", "1002")}
        ends = {job_id: job.wait(60) for job_id, job in jobs.items()}
        started = folder.read_started()
        assert started is not None
        loser = "1002" if started.job_id == "1001" else "1001"
        assert (folder.path / "ran").read_text(encoding="utf-8") == "ran\n"
        assert (ends[started.job_id], ends[loser], folder.read_return_code()) == (3, 0, 3)
        assert folder.log(loser).read_text(encoding="utf-8") == (
            f"snakemake-executor-plugin-pjm: job {started.job_id} has taken this work, "
            f"so job {loser} has nothing to do\n"
        )


def test_a_later_job_leaves_the_first_ones_result_alone(place: ScriptPlace) -> None:
    assert place.run(place.text("echo ran >> ran; exit 75")) == 75
    assert place.start("1002").wait(60) == 0
    assert place.folder.read_return_code() == 75
    assert (place.work_directory / "ran").read_text(encoding="utf-8") == "ran\n"


def test_a_job_that_pjm_runs_again_runs_again(place: ScriptPlace) -> None:
    place.folder.script.write_text(place.text("echo ran >> ran; [ -e again ] || sleep 600"), encoding="utf-8")
    first = place.start()
    wait_for(place.work_directory / "ran", "ran")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert place.folder.read_return_code() is None
    place.folder.time_limit.touch()
    (place.work_directory / "again").touch()
    assert place.start(environment={"PJM_ELAPSE_LIMIT": "77"}).wait(60) == 0
    started = place.folder.read_started()
    assert started is not None
    assert (started.job_id, started.elapse_limit_s) == ("1001", 77)
    assert (place.work_directory / "ran").read_text(encoding="utf-8") == "ran\nran\n"
    assert not place.folder.time_limit.exists()


def test_a_job_that_pjm_runs_again_after_its_end_does_nothing(place: ScriptPlace) -> None:
    assert place.run(place.text("echo ran >> ran; exit 5")) == 5
    assert place.start().wait(60) == 5
    assert (place.work_directory / "ran").read_text(encoding="utf-8") == "ran\n"
    assert "job 1001 has already ended" in place.log()


def test_at_the_time_limit_what_runs_may_use_its_last_seconds(place: ScriptPlace) -> None:
    place.folder.script.write_text(place.text("bash -c 'echo ready; sleep 0.5; sleep 0.5; exit 7'"), encoding="utf-8")
    job = place.start(environment={"PJM_ELAPSE_LIMIT": "60"})
    wait_for(place.folder.log("1001"), "ready")
    for _ in range(3):
        os.killpg(job.pid, signal.SIGXCPU)
        time.sleep(0.05)
    wait_for(place.folder.log("1001"), "PJM ends this job: its time limit of 60 s is reached")
    assert place.folder.time_limit.exists()
    assert job.poll() is None
    assert job.wait(60) == 7
    assert place.folder.read_return_code() == 7


HANDLES = """
import signal, sys, time
signal.signal(signal.SIGXCPU, lambda *_: sys.exit(75))
print("ready", flush=True)
time.sleep(600)
"""


def test_a_program_that_wants_to_know_of_the_time_limit_is_told(place: ScriptPlace) -> None:
    place.folder.script.write_text(place.text(f"python3 -c {shlex.quote(HANDLES)}"), encoding="utf-8")
    job = place.start()
    wait_for(place.folder.log("1001"), "ready")
    os.killpg(job.pid, signal.SIGXCPU)
    assert job.wait(60) == 75
    assert place.folder.read_return_code() == 75
    assert place.folder.time_limit.exists()


def test_a_job_killed_outright_leaves_no_result(place: ScriptPlace) -> None:
    place.folder.script.write_text(place.text("echo ready; sleep 600"), encoding="utf-8")
    job = place.start()
    wait_for(place.folder.log("1001"), "ready")
    os.killpg(job.pid, signal.SIGXCPU)
    wait_for(place.folder.log("1001"), "its time limit")
    os.killpg(job.pid, signal.SIGKILL)
    assert job.wait(60) == -signal.SIGKILL
    assert place.folder.read_return_code() is None
    assert place.folder.time_limit.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_result_is_written_only_once_the_command_has_ended(place: ScriptPlace, number: signal.Signals) -> None:
    place.folder.script.write_text(place.text("echo ready; sleep 0.7; exit 6"), encoding="utf-8")
    job = place.start()
    wait_for(place.folder.log("1001"), "ready")
    os.kill(job.pid, number)
    time.sleep(0.2)
    assert not place.folder.return_code.exists()
    assert job.wait(60) == 6
    assert place.folder.read_return_code() == 6
