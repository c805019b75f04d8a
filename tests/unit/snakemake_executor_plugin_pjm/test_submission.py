"""No id is lost and no pjsub overlooked, whatever happens to the Snakemake that started it."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest
from pjm_programs import job_folder, path_with, program_maker
from processes import wait_for, wait_until_gone

from snakemake_executor_plugin_pjm.submission import (
    UnderWayError,
    locked_output,
    read_submission,
    submission_under_way,
)

CONTROLLER = """
import sys
from pathlib import Path
from snakemake_executor_plugin_pjm.commands import Pjm
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
Pjm(ExecutorSettings()).submit(JobFolder(Path(sys.argv[1])), [])
"""


@pytest.fixture
def folder(tmp_path):
    return job_folder(tmp_path / "submission")


@pytest.mark.parametrize(
    ("line", "job_id"),
    [
        ("[INFO] PJM 0000 pjsub Job 1006903 submitted.", "1006903"),
        ("[INFO.] PJM 0000 pjsub Job 1006903 submitted.", "1006903"),
        ("[INFO] PJM 0000 pjsub Job 64856_0 submitted.", "64856_0"),
        ("[INFO] PJM 0000 pjsub Job 77[1-3] submitted.", "77[1-3]"),
        ("[INFO] PJM 0000 pjsub Job 10069", None),
        ("[ERR.] PJM 0012 pjsub Job 64856 does not exist.", None),
        ("", None),
    ],
)
def test_an_id_is_read_from_what_pjsub_printed(folder, line, job_id):
    folder.submission_output.write_text(f"Some site's greeting\n{line}\n")
    assert read_submission(folder) == job_id


def test_an_id_counts_on_the_wrong_stream_and_among_bytes_of_no_encoding(folder):
    folder.submission_output.write_bytes(b"")
    folder.submission_errors.write_bytes(b"\xff\xfe[INFO] PJM 0000 pjsub Job 12 submitted.\n")
    assert read_submission(folder) == "12"


def test_where_nothing_was_handed_over_nothing_is_read_or_made(folder):
    assert read_submission(folder) is None
    assert not submission_under_way(folder)
    assert not folder.submission_output.exists()


def test_a_file_that_is_held_cannot_be_taken_again(folder):
    with locked_output(folder):
        assert submission_under_way(folder)
        with pytest.raises(UnderWayError), locked_output(folder):
            pass
    assert not submission_under_way(folder)


def test_looking_leaves_the_file_as_it_is(folder):
    folder.submission_output.write_text("[INFO] PJM 0000 pjsub Job 12 submitted.\n")
    assert not submission_under_way(folder)
    assert read_submission(folder) == "12"


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_worked_with(folder, monkeypatch, number):
    def no_locks(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with locked_output(folder):
        assert not submission_under_way(folder)


def test_other_failures_of_a_lock_are_not_hidden(folder, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match="Input/output"), locked_output(folder):
        pass


def test_a_pjsub_that_outlives_a_killed_snakemake_is_seen_and_its_id_found(folder, tmp_path):
    go_on = tmp_path / "go_on"
    program_maker(tmp_path)(
        "pjsub", f"while [ ! -e {go_on} ]; do sleep 0.05; done\necho '[INFO] PJM 0000 pjsub Job 4711 submitted.'"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(folder.path)],
        env={**os.environ, "PATH": path_with(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    wait_for(tmp_path / "pjsub.calls", "job.sh")
    controller.send_signal(signal.SIGKILL)
    controller.wait()
    assert submission_under_way(folder)
    assert read_submission(folder) is None
    go_on.touch()
    wait_until_gone(str(folder.script))
    assert not submission_under_way(folder)
    assert read_submission(folder) == "4711"
