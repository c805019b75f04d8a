"""Files are whole or absent, and damage is noticed and named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.files import (
    atomic_directory,
    atomic_path,
    canonical_json,
    read_json,
    record_file,
    sha256_json,
    verify_file,
    write_json,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_canonical_json_is_one_spelling_that_reads_back(value: object) -> None:
    try:
        spelt = canonical_json(value)
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return
    assert json.loads(spelt) == value
    assert canonical_json(json.loads(spelt)) == spelt


def test_the_order_of_keys_does_not_matter() -> None:
    assert sha256_json({"a": 1, "b": 2.0}) == sha256_json({"b": 2.0, "a": 1})


def test_nan_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_sealed_json_reads_back_without_its_seal(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"loss": 4.25, "語": "天秤"})
    assert read_json(tmp_path / "a.json") == {"loss": 4.25, "語": "天秤"}


def test_a_changed_number_breaks_the_seal(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"loss": 4.25})
    path.write_text(path.read_text().replace("4.25", "4.24"))
    with pytest.raises(UserError, match=r"a\.json is damaged"):
        read_json(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json"):
        read_json(path)


def test_a_failing_writer_leaves_nothing(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with atomic_path(path) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write(tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_writer_keeps_the_old_folder(tmp_path: Path) -> None:
    def write(fails: bool) -> None:
        with atomic_directory(tmp_path / "model") as partial:
            (partial / "x").write_text("new" if fails else "old")
            if fails:
                raise RuntimeError

    write(fails=False)
    with pytest.raises(RuntimeError):
        write(fails=True)
    assert (tmp_path / "model" / "x").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cut_a_changed_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"12345678")
    record = record_file(path)
    verify_file(path, record)
    path.write_bytes(b"12345679")
    with pytest.raises(UserError, match="its sha256 is not the recorded one"):
        verify_file(path, record)
    path.write_bytes(b"1234")
    with pytest.raises(UserError, match="4 bytes, 8 recorded"):
        verify_file(path, record)
    path.unlink()
    with pytest.raises(UserError, match="missing"):
        verify_file(path, record)
