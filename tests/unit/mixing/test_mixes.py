"""A mix names its tokens and copies none."""

from pathlib import Path

import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, write_json
from tenbin.mixing.mixes import write_mix
from tenbin.study.catalogue import Mix

MIX = Mix(corpora={"en": 0.25, "ja": 0.75})


@pytest.fixture
def records(tmp_path: Path, write_corpus) -> dict[str, Path]:
    return {corpus: write_corpus(tmp_path / corpus, [[5, 6, 0]] * size) for corpus, size in (("en", 3), ("ja", 4))}


def test_a_mix_holds_weights_and_the_identity_of_tokens(tmp_path: Path, records: dict[str, Path]) -> None:
    write_mix(MIX, {"en": "en", "ja": "ja"}, records, tmp_path / "enja.json")
    mix = read_json(tmp_path / "enja.json")
    tokens = read_json(records["ja"])
    entry = mix["corpora"]["ja"]
    assert (entry["weight"], entry["language"], entry["tokens"], entry["documents"]) == (0.75, "ja", 12, 4)
    assert entry["bin_sha256"] == tokens["files"]["bin"]["sha256"]
    assert entry["idx_sha256"] == tokens["files"]["idx"]["sha256"]
    assert entry["tokens_record"] == seal_of(records["ja"])
    assert mix["tokenizer_sha256"] == tokens["tokenizer_sha256"]


def test_a_corpus_without_tokens_is_refused(tmp_path: Path, records: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"but tokens are given for \['en'\]"):
        write_mix(MIX, {"en": "en", "ja": "ja"}, {"en": records["en"]}, tmp_path / "enja.json")


def test_tokens_of_several_tokenizers_are_refused(tmp_path: Path, records: dict[str, Path]) -> None:
    write_json(records["ja"], read_json(records["ja"]) | {"tokenizer_sha256": "1" * 64})
    with pytest.raises(UserError, match="enja: the tokens of en, ja use different tokenizers"):
        write_mix(MIX, {"en": "en", "ja": "ja"}, records, tmp_path / "enja.json")
    assert not (tmp_path / "enja.json").exists()
