"""Linking tokens that exist already."""

from pathlib import Path

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.corpora import TokensCorpus
from tenbin.tokens.encoding import write_pair
from tenbin.tokens.linking import link_tokens
from tenbin.tokens.mmap import pair_paths, write_index

TEXTS = ["the cat が sat", "<|endoftext|> 猫 <|padding|>", "é 🙂"]
CORPUS = TokensCorpus(kind="tokens", language="en", source="invented", licence="none", tokenizer="small", train="x")


@pytest.fixture
def existing(tmp_path: Path, small_tokenizer) -> Path:
    """Write a pair as another program would have left it; return its prefix."""
    prefix = tmp_path / "elsewhere" / "my.tokens"
    prefix.parent.mkdir()
    write_pair(TEXTS, small_tokenizer, *pair_paths(prefix), threads=1)
    return prefix


@pytest.fixture
def link(tmp_path: Path, small_tokenizer, small_tokenizer_record):
    """Return a function that links a pair and returns its record."""

    def link(prefix: Path) -> dict:
        out = tmp_path / "tokens" / "train"
        link_tokens(
            CORPUS,
            prefix,
            small_tokenizer.path,
            small_tokenizer_record,
            bin_path=out.with_suffix(".bin"),
            idx_path=out.with_suffix(".idx"),
            record_path=out.with_suffix(".json"),
        )
        return read_json(out.with_suffix(".json"))

    return link


def test_linked_tokens_are_counted_like_tokenized_text(existing: Path, link, tokenize) -> None:
    record = link(existing)
    tokenized = read_json(tokenize("00000", TEXTS).with_suffix(".json"))
    for key in ("tokens", "documents", "text_bytes", "characters", "dtype", "tokenizer_sha256"):
        assert record[key] == tokenized[key], key
    assert record["documents_without_end_of_text"] == 0


def test_nothing_is_copied(tmp_path: Path, existing: Path, link) -> None:
    link(existing)
    for source, name in zip(pair_paths(existing), ("train.bin", "train.idx"), strict=True):
        path = tmp_path / "tokens" / name
        assert path.is_symlink()
        assert path.resolve() == source.resolve()


def test_an_id_beyond_the_vocabulary_is_refused(tmp_path: Path, existing: Path, link) -> None:
    tokens = np.memmap(pair_paths(existing)[0], np.uint16, "r+")
    tokens[3] = 300
    tokens.flush()
    with pytest.raises(UserError, match=r"holds id 300, the tokenizer has 290 entries"):
        link(existing)
    assert not (tmp_path / "tokens").exists()


def test_documents_out_of_place_are_refused(existing: Path, link) -> None:
    idx_path = pair_paths(existing)[1]
    content = bytearray(idx_path.read_bytes())
    content[34 + 3 * 4 + 8] ^= 2  # the second document's offset
    idx_path.write_bytes(content)
    with pytest.raises(UserError, match="document 1 does not start where the last ends"):
        link(existing)


def test_documents_without_end_of_text_are_counted_and_told(existing: Path, link, capsys) -> None:
    bin_path, idx_path = pair_paths(existing)
    np.array([5, 6, 0, 7, 8], np.uint16).tofile(bin_path)
    write_index(idx_path, np.uint16, [np.array([3, 2], np.int32)])
    record = link(existing)
    assert record["documents_without_end_of_text"] == 1
    assert "1 of 2 documents" in capsys.readouterr().err
    assert record["text_bytes"] == 4


def test_an_empty_pair_is_refused(existing: Path, link) -> None:
    bin_path, idx_path = pair_paths(existing)
    bin_path.write_bytes(b"")
    write_index(idx_path, np.uint16, [])
    with pytest.raises(UserError, match="holds no tokens"):
        link(existing)


def test_a_missing_pair_is_named(tmp_path: Path, link) -> None:
    with pytest.raises(UserError, match=r"absent\.idx is missing"):
        link(tmp_path / "absent")
