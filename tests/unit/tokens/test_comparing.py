"""A fast encoder is believed as long as its sample agrees."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.tokens.comparing import (
    FIRST_CHARACTERS,
    FIRST_TEXTS,
    SHARE_OF_CHARACTERS,
    ComparedEncoder,
    choose_encoder,
    choose_sample,
)
from tenbin.tokens.encoders import CannotEncodeError, EncodedTexts, ReferenceEncoder
from tenbin.tokens.tokenizer import TokenizerFile


class LengthEncoder:
    """Gives each text its length as its only id; and 0 if it holds the word that it gets wrong."""

    name = "length 1.0"

    def __init__(self, wrong: str = "\x00") -> None:
        self.wrong = wrong
        self.characters = 0

    def encode_batch(self, texts: list[str]) -> EncodedTexts:
        self.characters += sum(map(len, texts))
        ids = [0 if self.wrong in text else len(text) for text in texts]
        return EncodedTexts(np.array(ids, np.uint32), np.arange(1, len(texts) + 1))


def test_the_ids_are_those_of_the_texts_alone() -> None:
    encoder = ComparedEncoder(LengthEncoder(), LengthEncoder())
    for texts in (["a", "bb", "ccc"], ["dddd"] * 2000):
        encoded = encoder.encode_batch(texts)
        assert encoded.ids.tolist() == [len(text) for text in texts]
        assert encoded.ends.tolist() == list(range(1, len(texts) + 1))


def test_a_difference_names_libraries_and_document() -> None:
    encoder = ComparedEncoder(LengthEncoder("猫"), LengthEncoder())
    with pytest.raises(CannotEncodeError, match=r"^length 1\.0 gives other ids than length 1\.0 in document 3$"):
        encoder.encode_batch(["a", "b", "猫", "猫"])


def test_a_difference_far_into_a_shard_is_found_and_numbered_from_its_beginning() -> None:
    encoder = ComparedEncoder(LengthEncoder("猫"), LengthEncoder())
    encoder.encode_batch(["a" * 4096] * 100)
    with pytest.raises(CannotEncodeError, match=r"in document 613$"):
        encoder.encode_batch(["b" * 4096] * 512 + ["猫" * 4096])


def test_little_is_compared() -> None:
    reference = LengthEncoder()
    encoder = ComparedEncoder(LengthEncoder(), reference)
    encoder.encode_batch(["a" * 5000] * 200)
    assert reference.characters >= FIRST_TEXTS * FIRST_CHARACTERS
    first = reference.characters
    for _ in range(10):
        encoder.encode_batch(["a" * 5000] * 200)
    assert 0.9 < (reference.characters - first) / (10 * 1_000_000 / SHARE_OF_CHARACTERS) <= 1


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=600), st.integers(0, 20))
def test_a_sample_is_cut_out_of_the_texts(texts: list[str], first: int) -> None:
    sample = choose_sample(texts, first)
    assert set(range(min(first, len(texts)))) <= set(sample)
    assert all(piece in texts[number] for number, piece in sample.items())
    assert all(sample[number] == texts[number] for number in range(min(first, len(texts))))
    spread = [piece for number, piece in sample.items() if number >= first]
    assert sum(map(len, spread)) <= sum(map(len, texts)) / SHARE_OF_CHARACTERS


def test_a_known_tokenizer_is_encoded_fast_in_silence(
    small_tokenizer: TokenizerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose_encoder(small_tokenizer, 1).name.startswith("fastokens ")
    assert capsys.readouterr().err == ""


def test_another_tokenizer_is_encoded_by_the_reference_and_a_line_says_so(
    tmp_path: Path, small_tokenizer: TokenizerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tokenizer.json"
    description = json.loads(small_tokenizer.path.read_bytes())
    path.write_text(json.dumps(description | {"normalizer": {"type": "NFD"}}), encoding="utf-8")
    encoder = choose_encoder(TokenizerFile(path, "", 290, 0), 1)
    assert isinstance(encoder, ReferenceEncoder)
    assert capsys.readouterr().err == (
        f"notice: {path} is encoded by {encoder.name}: "
        "its normalizer is not of the kind that fastokens is trusted with\n"
    )
