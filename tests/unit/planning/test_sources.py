"""Source files are known by content, found quickly; code of cheap stages by a digest."""

import os
from pathlib import Path

import pytest

from tenbin.files import sha256_file
from tenbin.planning.sources import SourceHashes, digest_sources


def test_a_touched_file_keeps_its_hash_and_a_changed_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("one")
    first = SourceHashes(str(tmp_path)).sha256(str(path))
    assert first == sha256_file(path)
    os.utime(path)
    assert SourceHashes(str(tmp_path)).sha256(str(path)) == first
    path.write_text("two")
    assert SourceHashes(str(tmp_path)).sha256(str(path)) == sha256_file(path) != first


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("one")
    first = SourceHashes(str(tmp_path)).sha256(str(path))
    monkeypatch.setattr("tenbin.planning.sources.sha256_file", lambda _: pytest.fail("read again"))
    assert SourceHashes(str(tmp_path)).sha256(str(path)) == first


def test_a_cut_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("one")
    SourceHashes(str(tmp_path)).sha256(str(path))
    (tmp_path / "source_sha256.json").write_text("{")
    assert SourceHashes(str(tmp_path)).sha256(str(path)) == sha256_file(path)


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        SourceHashes(str(tmp_path)).sha256("nowhere.jsonl")
    assert "nowhere.jsonl: no such file" in capsys.readouterr().err


def test_a_digest_follows_the_code(tmp_path: Path) -> None:
    package = tmp_path / "src" / "tenbin" / "scaling"
    package.mkdir(parents=True)
    (package / "a.py").write_text("A = 1\n")
    first = digest_sources(str(tmp_path), "scaling")
    assert digest_sources(str(tmp_path), "scaling") == first
    (package / "a.py").write_text("A = 2\n")
    assert digest_sources(str(tmp_path), "scaling") != first
