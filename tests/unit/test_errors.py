"""A user's mistake ends in one line and status 1; a defect keeps its traceback."""

import errno

import pytest

from tenbin.errors import UserError, command


def run(error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        command(main)
    assert caught.value.code == 1
    return capsys.readouterr().err


def test_a_user_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(UserError("corpora.en:\n  no such file"), capsys) == "tenbin: error: corpora.en: no such file\n"


def test_a_full_disk_says_so_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    line = run(OSError(errno.ENOSPC, "No space left on device", "results/x"), capsys)
    assert line.count("\n") == 1
    assert "No space left on device (results/x): free disk space" in line


def test_a_defect_is_not_hidden() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command(main)
