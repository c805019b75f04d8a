"""Parts of a published .bin: the pair that tokenizing the text would have made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, seal_of, verify_file, write_json
from tenbin.tokens.appending import JoinedFile
from tenbin.tokens.encoding import write_pair
from tenbin.tokens.mmap import write_index
from tenbin.tokens.parts import join_token_parts

TEXTS = ["the cat が sat", "<|endoftext|> 猫 <|padding|>", "é 🙂", "the mat"]

Join = Callable[..., dict[str, Any]]


def publish(path: Path, content: bytes) -> Path:
    """Write a file as the hub's job would have left it, with its record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    write_json(path.with_name(f"{path.name}.json"), {"recipe": 1, "files": {"source": record_file(path)}})
    return path


@pytest.fixture
def whole(tmp_path: Path, small_tokenizer) -> Path:
    """Write the pair that is published in parts; return its prefix."""
    prefix = tmp_path / "whole"
    write_pair(TEXTS, small_tokenizer, prefix.with_suffix(".bin"), prefix.with_suffix(".idx"), threads=1)
    return prefix


@pytest.fixture
def cut(tmp_path: Path, whole: Path) -> Callable[..., list[Path]]:
    """Return a function that publishes the pair cut at some bytes; the .idx comes last."""

    def cut(*places: int) -> list[Path]:
        content = whole.with_suffix(".bin").read_bytes()
        bounds = [0, *places, len(content)]
        folder = tmp_path / "sources"
        parts = [publish(folder / f"{n:05}", content[bounds[n] : bounds[n + 1]]) for n in range(len(bounds) - 1)]
        return [*parts, publish(folder / "idx", whole.with_suffix(".idx").read_bytes())]

    return cut


@pytest.fixture
def join(tmp_path: Path, small_tokenizer, small_tokenizer_record) -> Join:
    """Return a function that joins published files and returns the record."""

    def join(files: list[Path], **settings: Any) -> dict[str, Any]:
        out = tmp_path / "joined" / "train"
        join_token_parts(
            files[:-1],
            files[-1],
            tokenizer=small_tokenizer.path,
            tokenizer_record=small_tokenizer_record,
            bin_path=out.with_suffix(".bin"),
            idx_path=out.with_suffix(".idx"),
            record_path=out.with_suffix(".json"),
            **settings,
        )
        return read_json(out.with_suffix(".json"))

    return join


def assert_same_pair(folder: Path, whole: Path) -> None:
    JoinedFile(folder / "train.bin").settle()
    for ending in (".bin", ".idx"):
        assert (folder / f"train{ending}").read_bytes() == whole.with_suffix(ending).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["train.bin", "train.idx", "train.json"]


@pytest.mark.parametrize("free_parts", [False, True])
def test_joined_parts_are_the_pair_that_tokenizing_makes(
    tmp_path: Path, cut, join: Join, whole: Path, free_parts: bool
) -> None:
    files = cut(7, 7, 20)
    record = join(files, free_parts=free_parts)
    assert_same_pair(tmp_path / "joined", whole)
    for ending in ("bin", "idx"):
        verify_file(tmp_path / "joined" / f"train.{ending}", record["files"][ending])
        assert record["files"][ending]["file"] == f"train.{ending}"
    assert all(path.stat().st_size == 0 for path in files[:-1]) == free_parts
    assert files[-1].stat().st_size > 0


def test_the_text_is_counted_like_that_of_tokenized_documents(cut, join: Join, tokenize) -> None:
    record = join(cut(8))
    tokenized = read_json(tokenize("00000", TEXTS).with_suffix(".json"))
    for key in ("recipe", "tokens", "documents", "text_bytes", "characters", "dtype", "tokenizer_sha256"):
        assert record[key] == tokenized[key], key
    assert record["documents_without_end_of_text"] == 0


def test_the_record_names_every_download_behind_it(cut, join: Join) -> None:
    files = cut(8)
    record = join(files, free_parts=True)
    assert record["documents_records"] == [seal_of(path.with_name(f"{path.name}.json")) for path in files]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(places=st.lists(st.integers(0, 60), max_size=4).map(sorted))
def test_parts_may_be_cut_anywhere(tmp_path: Path, cut, join: Join, whole: Path, places: list[int]) -> None:
    size = whole.with_suffix(".bin").stat().st_size
    join(cut(*(min(place, size) for place in places)), free_parts=True)
    assert_same_pair(tmp_path / "joined", whole)


@pytest.mark.parametrize("wrong", ["missing", "twice"])
def test_parts_that_are_not_of_the_indexs_size_are_refused_before_anything_is_written(
    tmp_path: Path, cut, join: Join, wrong: str
) -> None:
    first, *others = cut(8, 20)
    with pytest.raises(UserError, match=r"parts have \d+ bytes together, their index .*idx says"):
        join(others if wrong == "missing" else [first, first, *others])
    assert not (tmp_path / "joined").exists()


def test_a_damaged_part_is_named_and_the_parts_before_it_stay_joined(
    tmp_path: Path, cut, join: Join, whole: Path
) -> None:
    files = cut(8, 20)
    content = files[1].read_bytes()
    files[1].write_bytes(content[:-1] + b"x")
    with pytest.raises(UserError, match="00001 is damaged: its sha256"):
        join(files, free_parts=True)
    assert not (tmp_path / "joined" / "train.bin").exists()
    assert [path.stat().st_size > 0 for path in files[:3]] == [False, True, True]
    files[1].write_bytes(content)
    join(files, free_parts=True)
    assert_same_pair(tmp_path / "joined", whole)


def test_a_part_emptied_by_something_else_is_an_error(cut, join: Join) -> None:
    files = cut(8, 20)
    files[1].write_bytes(b"")
    with pytest.raises(UserError, match="00001 is damaged: 0 bytes, 12 recorded"):
        join(files)


def test_a_damaged_index_is_named(cut, join: Join) -> None:
    files = cut(8)
    files[-1].write_bytes(files[-1].read_bytes()[:-1])
    with pytest.raises(UserError, match="idx is damaged"):
        join(files)


def test_a_part_without_a_record_is_named(cut, join: Join) -> None:
    files = cut(8)
    files[1].with_name("00001.json").unlink()
    with pytest.raises(UserError, match=r"00001\.json is missing"):
        join(files)


def test_documents_out_of_place_are_refused(tmp_path: Path, cut, join: Join) -> None:
    files = cut(8)
    content = bytearray(files[-1].read_bytes())
    content[34 + 4 * len(TEXTS) + 8] ^= 2  # the second document's offset
    publish(files[-1], bytes(content))
    with pytest.raises(UserError, match="document 1 does not start where the last ends"):
        join(files)
    assert not (tmp_path / "joined").exists()


def test_tokens_of_another_tokenizer_are_refused_and_joined_no_second_time(
    tmp_path: Path, join: Join, small_tokenizer
) -> None:
    ids = np.array([1, 2, 300, 0], "<u2")
    write_index(tmp_path / "idx", "<u2", [np.array([4], np.int32)])
    parts = [publish(tmp_path / "sources" / "00000", ids.tobytes())]
    idx = publish(tmp_path / "sources" / "idx", (tmp_path / "idx").read_bytes())
    for _ in range(2):
        with pytest.raises(UserError, match="holds id 300, the tokenizer has 290 entries"):
            join([*parts, idx], free_parts=True)
        assert parts[0].stat().st_size == 0
        assert not (tmp_path / "joined" / "train.bin").exists()
        assert (tmp_path / "joined" / ".train.joining.bin").read_bytes() == ids.tobytes()
