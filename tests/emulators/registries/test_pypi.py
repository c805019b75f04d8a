"""Archives are fetched from an index that speaks PyPI's simple protocol, by the real pypi-simple."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tenbin.errors import PREFIX
from tenbin.files import read_json, verify_file

ARCHIVE = bytes(range(256)) * 400
PACKAGE = {
    "registry": "pypi",
    "project": "sentences",
    "version": "1.2.0",
    "file": "sentences-1.2.0.tar.gz",
    "sha256": hashlib.sha256(ARCHIVE).hexdigest(),
}


@pytest.fixture(params=["html", "json"])
def index(request, registry):
    archives = {"sentences-1.1.0.tar.gz": b"older", PACKAGE["file"]: ARCHIVE, "sentences-1.2.0.zip": b"other"}
    registry.add_to_index("sentences", archives, request.param)
    return f"{registry.address}/simple/"


def test_an_archive_arrives_with_a_record_that_verifies_it(index, fetch_archive, tmp_path):
    finished = fetch_archive(PACKAGE, "--index", index)
    assert finished.returncode == 0, finished.stderr
    record = read_json(tmp_path / "out" / "archive.json")
    assert (tmp_path / "out" / "archive").read_bytes() == ARCHIVE
    assert record["package"]["file"] == PACKAGE["file"]
    verify_file(tmp_path / "out" / "archive", record["files"]["source"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["archive", "archive.json"]


def test_the_index_that_pip_uses_is_used(index, fetch_archive):
    finished = fetch_archive(PACKAGE, PIP_INDEX_URL=index)
    assert finished.returncode == 0, finished.stderr


def test_another_sha256_is_refused_with_both_values(index, fetch_archive, tmp_path):
    expected = "0" * 64
    message = assert_refused(fetch_archive(PACKAGE | {"sha256": expected}, "--index", index), tmp_path)
    assert PACKAGE["sha256"] in message
    assert expected in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"project": "nothing"}, "no project 'nothing'"),
        ({"version": "9.9"}, "no version 9.9 of sentences; the latest it has: 1.1.0, 1.2.0"),
        ({"file": "sentences-1.2.0.whl"}, "it has: sentences-1.2.0.tar.gz, sentences-1.2.0.zip"),
    ],
)
def test_what_the_index_has_not_is_named_beside_what_it_has(index, fetch_archive, tmp_path, change, message):
    assert message in assert_refused(fetch_archive(PACKAGE | change, "--index", index), tmp_path)


def test_an_index_that_fails_for_a_moment_is_asked_again(index, registry, fetch_archive, tmp_path):
    registry.failing_answers = 1
    finished = fetch_archive(PACKAGE, "--index", index)
    assert finished.returncode == 0, finished.stderr
    assert "status 503; trying again in 1 s" in finished.stderr


def test_an_archive_that_breaks_off_is_fetched_again(index, registry, fetch_archive, tmp_path):
    registry.cut_answers = 1
    finished = fetch_archive(PACKAGE, "--index", index)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "out" / "archive").read_bytes() == ARCHIVE


@pytest.mark.slow
def test_an_unreachable_index_is_reported_without_its_address(fetch_archive, tmp_path):
    finished = fetch_archive(PACKAGE, "--index", "http://user:password@127.0.0.1:9/simple/")
    message = assert_refused(finished, tmp_path)
    assert "could not be fetched in 4 attempts" in message
    assert "password" not in finished.stderr


def assert_refused(finished: subprocess.CompletedProcess[str], tmp_path: Path) -> str:
    last_line = finished.stderr.splitlines()[-1]
    assert finished.returncode == 1, finished.stderr
    assert last_line.startswith(PREFIX)
    assert "Traceback" not in finished.stderr
    assert list((tmp_path / "out").iterdir()) == []
    return last_line
