"""What text a token stands for."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers

from tenbin.errors import UserError
from tenbin.tokens.decoding import (
    BYTE_OF_CHARACTER,
    decode_document,
    lengths_in_bytes,
    lengths_in_characters,
    token_bytes,
)
from tenbin.tokens.mmap import open_pair

SETS = [("bpe4096", name) for name in ("edge", "en_train", "en_valid", "ja_train", "ja_valid")]
SETS += [("neox20b", name) for name in ("edge", "en_valid", "ja_valid")]


@pytest.mark.golden
@pytest.mark.parametrize(("tokenizer", "name"), SETS)
def test_recorded_tokens_give_back_the_normalised_text(
    shared_data: Path, golden_texts, tokenizer: str, name: str
) -> None:
    golden = shared_data / "neox_golden"
    source = golden / "tokenizer.json" if tokenizer == "bpe4096" else shared_data / "20B_tokenizer.json"
    pieces = token_bytes(source)
    prefix = golden / "tokens" / tokenizer / f"{name}_text_document"
    pair = open_pair(prefix.with_suffix(".bin"), prefix.with_suffix(".idx"))
    texts = [unicodedata.normalize("NFC", text) for text in golden_texts(name) if text]
    assert len(texts) == pair.index.num_documents
    for number, text in enumerate(texts):
        ids = pair.document(number)
        assert decode_document(ids, pieces, 0).decode() == text
        assert lengths_in_bytes(pieces)[ids[:-1]].sum() == len(text.encode())
        assert lengths_in_characters(pieces)[ids[:-1]].sum() == len(text)


def test_the_alphabet_is_that_of_the_tokenizers_library() -> None:
    assert set(BYTE_OF_CHARACTER) == set(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(BYTE_OF_CHARACTER.values()) == list(range(256))


@settings(max_examples=80, deadline=None)
@given(st.text())
def test_any_text_comes_back_normalised(small_tokenizer, text: str) -> None:
    ids = [*Tokenizer.from_file(str(small_tokenizer.path)).encode(text).ids, 0]
    expected = unicodedata.normalize("NFC", text)
    assert decode_document(ids, token_bytes(small_tokenizer.path), 0).decode() == expected


def test_end_of_text_inside_a_document_is_text_and_at_its_end_is_none(small_tokenizer) -> None:
    pieces = token_bytes(small_tokenizer.path)
    assert decode_document([0, 0], pieces, 0) == b"<|endoftext|>"
    assert decode_document([0], pieces, 0) == decode_document([], pieces, 0) == b""


def test_a_tokenizer_that_is_not_byte_level_is_refused(tmp_path: Path, small_tokenizer) -> None:
    description = json.loads(small_tokenizer.path.read_bytes())
    description["model"]["vocab"] = {"<|endoftext|>": 0, "▁the": 2}
    (tmp_path / "pieces.json").write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(UserError, match=r"pieces\.json is not a byte-level tokenizer"):
        token_bytes(tmp_path / "pieces.json")
