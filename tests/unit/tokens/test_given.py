"""Tokenizers that exist already."""

import json
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.tokenizers import GivenTokenizer
from tenbin.tokens.given import copy_tokenizer


def copy(source: Path, tmp_path: Path, content: bytes, member: str | None = None) -> dict:
    settings = GivenTokenizer(kind="given", sha256=sha256(content).hexdigest(), file="x", member=member)
    copy_tokenizer(settings, source, tmp_path / "out" / "tokenizer.json", tmp_path / "out" / "record.json")
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == content
    return read_json(tmp_path / "out" / "record.json")


@pytest.mark.golden
def test_the_published_tokenizer_has_its_published_vocabulary(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "20B_tokenizer.json"
    record = copy(source, tmp_path, source.read_bytes())
    assert (record["vocabulary"], record["padded_vocabulary"], record["end_of_text_id"]) == (50_277, 50_304, 0)


def test_a_local_file_is_copied_as_it_is(tmp_path: Path, small_tokenizer) -> None:
    record = copy(small_tokenizer.path, tmp_path, small_tokenizer.path.read_bytes())
    assert (record["kind"], record["vocabulary"], record["padded_vocabulary"]) == ("given", 290, 384)


def test_a_member_of_an_archive_is_copied(tmp_path: Path, small_tokenizer) -> None:
    with tarfile.open(tmp_path / "package.tar.gz", "w:gz") as archive:
        archive.add(small_tokenizer.path, "package/tokenizer.json")
    content = small_tokenizer.path.read_bytes()
    record = copy(tmp_path / "package.tar.gz", tmp_path, content, "package/tokenizer.json")
    assert record["files"]["tokenizer"]["sha256"] == sha256(content).hexdigest()


def test_another_file_than_stated_is_refused(tmp_path: Path, small_tokenizer) -> None:
    settings = GivenTokenizer(kind="given", sha256="0" * 64, file="x")
    with pytest.raises(UserError, match=r"has sha256 [0-9a-f]{64}; the tokenizer's settings say 0{64}"):
        copy_tokenizer(settings, small_tokenizer.path, tmp_path / "t.json", tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_without_end_of_text_is_refused(tmp_path: Path, small_tokenizer) -> None:
    content = small_tokenizer.path.read_bytes().replace(b"<|endoftext|>", b"<|something|>")
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(UserError, match=r"other\.json has no token <\|endoftext\|>"):
        copy(tmp_path / "other.json", tmp_path, content)
    assert not (tmp_path / "out").exists()


def test_ids_with_a_gap_are_refused(tmp_path: Path, small_tokenizer) -> None:
    description = json.loads(small_tokenizer.path.read_bytes())
    last = max(description["model"]["vocab"], key=description["model"]["vocab"].get)
    description["model"]["vocab"][last] = 1000
    content = json.dumps(description).encode()
    (tmp_path / "gap.json").write_bytes(content)
    with pytest.raises(UserError, match="290 entries but an id 1000"):
        copy(tmp_path / "gap.json", tmp_path, content)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_bytes(b"{}")
    with pytest.raises(UserError, match=r"other\.json is no tokenizer\.json"):
        copy(tmp_path / "other.json", tmp_path, b"{}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.json is missing"):
        copy(tmp_path / "absent.json", tmp_path, b"")
