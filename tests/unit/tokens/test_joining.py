"""Joining shards: the bytes of one pass, and never both copies on the disk."""

from pathlib import Path
from typing import BinaryIO

import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, verify_file, write_json
from tenbin.tokens import appending, encoding
from tenbin.tokens.appending import Piece, copy_piece
from tenbin.tokens.encoders import ReferenceEncoder
from tenbin.tokens.joining import join_shards, settle_joins

SHARDS = (["the cat", "猫"], [""], ["the mat", "", "cat sat on"], ["マット"])


@pytest.fixture
def shards(tokenize) -> list[Path]:
    return [tokenize(f"{number:05}", texts) for number, texts in enumerate(SHARDS)]


@pytest.fixture
def whole(tokenize) -> Path:
    return tokenize("whole", [text for texts in SHARDS for text in texts])


def join(shards: list[Path], out: Path, free_shards: bool = False) -> dict:
    join_shards(
        shards,
        out.with_suffix(".bin"),
        out.with_suffix(".idx"),
        out.with_suffix(".json"),
        free_shards=free_shards,
    )
    return read_json(out.with_suffix(".json"))


def assert_same_pair(out: Path, whole: Path) -> None:
    for ending in (".bin", ".idx"):
        assert out.with_suffix(ending).read_bytes() == whole.with_suffix(ending).read_bytes()


def test_the_joined_record_is_the_same_whichever_library_encoded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tokenize
) -> None:
    records = []
    for choose in (encoding.choose_encoder, ReferenceEncoder):
        monkeypatch.setattr(encoding, "choose_encoder", choose)
        records.append(join([tokenize("00000", SHARDS[0])], tmp_path / "joined" / "train"))
    assert records[0] == records[1]


@pytest.mark.parametrize("free_shards", [False, True])
def test_joined_shards_equal_one_pass_over_all_documents(
    tmp_path: Path, shards: list[Path], whole: Path, free_shards: bool
) -> None:
    out = tmp_path / "joined" / "corpus" / "train"
    record, expected = join(shards, out, free_shards), read_json(whole.with_suffix(".json"))
    assert_same_pair(out, whole)
    for key in ("tokens", "documents", "empty_documents", "text_bytes", "characters", "dtype", "tokenizer_sha256"):
        assert record[key] == expected[key]
    for ending in ("bin", "idx"):
        verify_file(out.with_suffix(f".{ending}"), record["files"][ending])
        assert record["files"][ending]["file"] == f"train.{ending}"
    assert len(record["documents_records"]) == len(SHARDS)
    settle_joins(tmp_path)
    assert sorted(path.name for path in out.parent.iterdir()) == ["train.bin", "train.idx", "train.json"]
    assert all(
        (shard.with_suffix(".bin").stat().st_size == 0) == (free_shards or not sum(map(len, texts)))
        for shard, texts in zip(shards, SHARDS, strict=True)
    )


def test_an_interrupted_join_goes_on_where_it_stopped(
    tmp_path: Path, shards: list[Path], whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "joined" / "train"

    def copy_until_the_disk_is_full(piece: Piece, joined: BinaryIO) -> None:
        if piece.path.name == "00002.bin":
            joined.write(b"half a sh")
            raise OSError(28, "No space left on device")
        copy_piece(piece, joined)

    with monkeypatch.context() as patched:
        patched.setattr(appending, "copy_piece", copy_until_the_disk_is_full)
        with pytest.raises(OSError, match="No space"):
            join(shards, out, free_shards=True)
    assert not out.with_suffix(".bin").exists()
    assert shards[0].with_suffix(".bin").stat().st_size == 0
    assert shards[2].with_suffix(".bin").stat().st_size > 0
    join(shards, out, free_shards=True)
    assert_same_pair(out, whole)


def test_a_shard_emptied_by_something_else_is_an_error(tmp_path: Path, shards: list[Path]) -> None:
    shards[2].with_suffix(".bin").write_bytes(b"")
    with pytest.raises(UserError, match=r"00002\.bin is damaged: 0 bytes"):
        join(shards, tmp_path / "joined" / "train")
    assert not (tmp_path / "joined" / "train.bin").exists()


def test_a_partial_file_of_other_shards_is_not_trusted(
    tmp_path: Path, shards: list[Path], whole: Path, tokenize
) -> None:
    out = tmp_path / "joined" / "train"
    other = tokenize("00000x", ["another document"])
    shards[2].with_suffix(".bin").rename(tmp_path / "kept")
    with pytest.raises(UserError, match="missing"):
        join([other, *shards], out)
    (tmp_path / "kept").rename(shards[2].with_suffix(".bin"))
    join(shards, out)
    assert_same_pair(out, whole)


def test_a_join_whose_end_snakemake_did_not_hear_of_is_made_again(
    tmp_path: Path, shards: list[Path], whole: Path
) -> None:
    out = tmp_path / "joined" / "train"
    record = join(shards, out, free_shards=True)
    for ending in (".bin", ".idx", ".json"):  # as Snakemake does with the outputs of a job that it takes for unfinished
        out.with_suffix(ending).unlink()
    assert join(shards, out, free_shards=True) == record
    assert_same_pair(out, whole)


def test_an_empty_corpus_is_refused(tmp_path: Path, tokenize) -> None:
    with pytest.raises(UserError, match="train: no tokens, 2 empty documents: the corpus is empty"):
        join([tokenize("00000", [""]), tokenize("00001", [""])], tmp_path / "joined" / "train")
    assert not (tmp_path / "joined").exists()


def test_shards_of_different_tokenizers_are_refused(tmp_path: Path, shards: list[Path]) -> None:
    record = shards[1].with_suffix(".json")
    write_json(record, read_json(record) | {"tokenizer_sha256": "0" * 64})
    with pytest.raises(UserError, match="differ in tokenizer_sha256"):
        join(shards, tmp_path / "joined" / "train")
