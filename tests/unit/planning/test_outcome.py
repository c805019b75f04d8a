"""After a failure the jobs' own error lines are repeated last, those of this call alone."""

import os
from pathlib import Path

import pytest

from tenbin.planning.outcome import repeat_errors


def test_error_lines_of_this_call_are_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, old = tmp_path / "rule" / "new.log", tmp_path / "rule" / "old.log"
    new.parent.mkdir()
    new.write_text("reading\ntenbin: error: sha256 is not the expected one\n")
    old.write_text("tenbin: error: mended long ago\n")
    os.utime(old, (1, 1))
    repeat_errors(str(tmp_path), since=1000.0)
    assert capsys.readouterr().err == f"tenbin: error: sha256 is not the expected one (log: {new})\n"


def test_a_disk_with_room_is_not_blamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.log").write_text("Traceback\n")
    repeat_errors(str(tmp_path), since=0.0)
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_named_where_no_job_could(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
    repeat_errors(str(tmp_path), since=0.0)
    assert "No space left on device" in capsys.readouterr().err


class Usage:
    free = 0
