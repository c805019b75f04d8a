"""The fast library gives the reference's ids, or does not encode at all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.tokens.encoders import CannotEncodeError, EncodedTexts, FastEncoder, ReferenceEncoder, find_untrusted
from tenbin.tokens.tokenizer import TokenizerFile

# What tokenizers trip over: special tokens and halves of them, runs of blanks, characters that NFC composes, splits or
# reorders, marks without a base, line ends of all kinds, numbers that are no digits, contractions.
PIECES = ["<|endoftext|>", "<|padding|>", "<|endof", "  ", " " * 24, " " * 99, "\t\r\n", "\u2028", "\u3000", "\ufeff"]
PIECES += ["e\u0301", "か\u3099", "\u0f71\u0f72\u0f74", "a\u0315\u0300\u05ae", "\u1100\u1161\u11a8", "\u0345", "ſ", "İ"]
PIECES += [
    "𠮷",
    "👨\u200d👩",
    "\x00",
    "\uffff",
    "Ⅷ²٣",
    "'ll",
    "DON'T",
    "the cat",
    "猫はマットの上に",
    "…。、",
    "0123456789",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=16).map("".join)


def encoders(path: Path) -> tuple[FastEncoder, ReferenceEncoder]:
    file = TokenizerFile(path, "", 0, 0)
    return FastEncoder(file, 1), ReferenceEncoder(file, 1)


def assert_same(path: Path, texts: list[str]) -> None:
    fast, reference = (encoder.encode_batch(texts) for encoder in encoders(path))
    np.testing.assert_array_equal(fast.ends, reference.ends)
    np.testing.assert_array_equal(fast.ids, reference.ids)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_any_texts_give_the_same_ids(small_tokenizer: TokenizerFile, texts: list[str]) -> None:
    assert_same(small_tokenizer.path, texts)


@pytest.fixture(scope="session")
def published(shared_data: Path) -> tuple[FastEncoder, ReferenceEncoder]:
    return encoders(shared_data / "20B_tokenizer.json")


@pytest.mark.golden
@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_any_texts_give_the_same_ids_of_the_published_tokenizer(published, texts: list[str]) -> None:
    fast, reference = (encoder.encode_batch(texts) for encoder in published)
    np.testing.assert_array_equal(fast.ends, reference.ends)
    np.testing.assert_array_equal(fast.ids, reference.ids)


def test_every_character_gives_the_same_ids(small_tokenizer: TokenizerFile) -> None:
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    assert_same(small_tokenizer.path, ["".join(characters[start::1000]) for start in range(1000)])


@pytest.mark.parametrize("word", ["a", "ab", "猫", ".", " ", "\n", "🙂", "1", "e\u0301"])
def test_a_very_long_word_gives_the_same_ids(small_tokenizer: TokenizerFile, word: str) -> None:
    assert_same(small_tokenizer.path, [word * 50_000, word * 3])


def test_texts_are_told_apart_by_their_ends(small_tokenizer: TokenizerFile) -> None:
    for encoder in encoders(small_tokenizer.path):
        encoded = encoder.encode_batch(["", "the cat", "", "猫"])
        alone = [encoder.encode_batch([text]).ids.tolist() for text in ("the cat", "猫")]
        assert [encoded.text(number).tolist() for number in range(4)] == [[], alone[0], [], alone[1]]
        assert isinstance(encoded, EncodedTexts)
        assert encoded.ids.dtype == np.uint32


def test_names_tell_library_and_version(small_tokenizer: TokenizerFile) -> None:
    fast, reference = encoders(small_tokenizer.path)
    assert fast.name.startswith("fastokens 0.")
    assert reference.name.startswith("tokenizers 0.")


CHANGES: dict[str, Any] = {
    "truncation": {"max_length": 5},
    "padding": {"strategy": "BatchLongest"},
    "normalizer": {"type": "NFKC"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True},
    "post_processor": {"type": "TemplateProcessing"},
    "model": {"type": "Unigram"},
    "added_tokens": [{"content": "x", "lstrip": True}],
}


@pytest.mark.parametrize("part", CHANGES)
def test_a_tokenizer_of_another_layout_is_not_encoded(
    tmp_path: Path, small_tokenizer: TokenizerFile, part: str
) -> None:
    description = json.loads(small_tokenizer.path.read_bytes())
    assert find_untrusted(description) == ""
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(description | {part: CHANGES[part]}), encoding="utf-8")
    with pytest.raises(CannotEncodeError, match=f"its {part} is not of the kind that fastokens is trusted with"):
        FastEncoder(TokenizerFile(path, "", 0, 0), 1)


@pytest.mark.parametrize("setting", ["dropout", "byte_fallback", "ignore_merges", "unk_token"])
def test_a_model_with_settings_of_its_own_is_not_encoded(small_tokenizer: TokenizerFile, setting: str) -> None:
    description = json.loads(small_tokenizer.path.read_bytes())
    description["model"][setting] = 0.5
    assert find_untrusted(description) == "model"


def test_what_the_library_refuses_is_told(tmp_path: Path, small_tokenizer: TokenizerFile) -> None:
    description = json.loads(small_tokenizer.path.read_bytes())
    description["model"]["merges"] = ["a b c d"]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(CannotEncodeError, match=r"fastokens [\d.]+ refuses it \("):
        FastEncoder(TokenizerFile(path, "", 0, 0), 1)


def test_half_a_surrogate_pair_is_not_encoded(small_tokenizer: TokenizerFile) -> None:
    fast, _ = encoders(small_tokenizer.path)
    with pytest.raises(CannotEncodeError, match="fails on a text"):
        fast.encode_batch(["a\ud800"])


def test_without_the_library_nothing_is_encoded(
    monkeypatch: pytest.MonkeyPatch, small_tokenizer: TokenizerFile
) -> None:
    monkeypatch.setitem(sys.modules, "fastokens", None)
    with pytest.raises(CannotEncodeError, match="fastokens is not installed"):
        FastEncoder(small_tokenizer, 1)


COUNT_WORKERS = """
import sys
from pathlib import Path
from tenbin.tokens.encoders import FastEncoder
from tenbin.tokens.tokenizer import TokenizerFile
FastEncoder(TokenizerFile(Path(sys.argv[1]), "", 0, 0), int(sys.argv[2])).encode_batch(["the cat " * 100_000] * 4)
print(sum("fastokens" in (task / "comm").read_text() for task in Path("/proc/self/task").iterdir()))
"""


def test_one_thread_starts_no_other(small_tokenizer: TokenizerFile) -> None:
    command = [sys.executable, "-c", COUNT_WORKERS, str(small_tokenizer.path), "1"]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run(command, capture_output=True, check=True, env=environment).stdout == b"0\n"
