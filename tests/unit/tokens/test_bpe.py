"""Training the tokenizer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of
from tenbin.study.tokenizers import TrainedTokenizer
from tenbin.tokens.bpe import train_bpe, train_tokenizer

EN = ["The cat sat on the mat. " * 6, "A dog barked at the cat all night long. " * 4]
JA = ["猫がマットの上に座っていた。" * 7, "犬は一晩中猫に吠えていた。" * 6]


def settings(vocabulary: int = 300, bytes_per_language: int = 400) -> TrainedTokenizer:
    return TrainedTokenizer(
        kind="trained", corpora=("en", "ja"), vocabulary=vocabulary, bytes_per_language=bytes_per_language
    )


@pytest.mark.golden
def test_training_gives_the_recorded_tokenizer_byte_for_byte(shared_data: Path, golden_texts) -> None:
    tokenizer = train_bpe(golden_texts("en_train") + golden_texts("ja_train"), 4096)
    recorded = shared_data / "neox_golden" / "tokenizer.json"
    assert tokenizer.to_str(pretty=True).encode() == recorded.read_bytes()


def train(tmp_path: Path, documents: list[tuple[str, Path]], entry: TrainedTokenizer) -> dict:
    train_tokenizer(
        entry,
        documents,
        tokenizer_path=tmp_path / "tokenizer.json",
        record_path=tmp_path / "tokenizer.record.json",
        threads=1,
    )
    return read_json(tmp_path / "tokenizer.record.json")


def test_every_language_gives_the_same_number_of_bytes(tmp_path: Path, write_shard, monkeypatch) -> None:
    taken: list[str] = []

    def spy(texts, vocabulary: int) -> Tokenizer:
        taken.extend(texts)
        return train_bpe(taken, vocabulary)

    monkeypatch.setattr("tenbin.tokens.bpe.train_bpe", spy)
    documents = [("en", write_shard("en", EN)), ("ja", write_shard("ja0", JA[:1])), ("ja", write_shard("ja1", JA[1:]))]
    record = train(tmp_path, documents, settings(bytes_per_language=290))
    assert record["bytes_of_language"] == {"en": 290, "ja": 290}
    english = "".join(text for text in taken if text.isascii())
    japanese = "".join(text for text in taken if not text.isascii())
    assert english == "".join(EN)[:290]
    assert japanese == "".join(JA).encode()[:290].decode(errors="ignore")
    assert record["documents_records"] == [seal_of(path.with_name(path.name[:-10] + ".json")) for _, path in documents]


def test_where_a_language_has_less_all_take_as_little(tmp_path: Path, write_shard) -> None:
    documents = [("en", write_shard("en", EN)), ("ja", write_shard("ja", JA))]
    record = train(tmp_path, documents, settings(bytes_per_language=10_000))
    smallest = min(len("".join(texts).encode()) for texts in (EN, JA))
    assert record["bytes_of_language"] == {"en": smallest, "ja": smallest}


def test_layout_is_that_of_gpt_neox(tmp_path: Path, write_shard) -> None:
    record = train(tmp_path, [("en", write_shard("en", EN)), ("ja", write_shard("ja", JA))], settings())
    description = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = description["model"]["vocab"]
    assert list(vocabulary)[:3] == ["<|endoftext|>", "<|padding|>", "!"]
    assert len(vocabulary) == record["vocabulary"] == 300
    assert record["padded_vocabulary"] == 384
    assert record["end_of_text_id"] == 0
    assert description["normalizer"] == {"type": "NFC"}
    assert description["pre_tokenizer"]["add_prefix_space"] is False
    assert description["post_processor"] is None


TRAIN_AGAIN = """
import sys
from tenbin.tokens.bpe import train_bpe
from tenbin.tokens.tokenizer import limit_threads
limit_threads(int(sys.argv[1]))
sys.stdout.buffer.write(train_bpe(sys.argv[2:], 320).to_str(pretty=True).encode())
"""


def test_separate_processes_train_the_same_bytes_on_any_threads() -> None:
    trained = {
        subprocess.run(
            [sys.executable, "-c", TRAIN_AGAIN, threads, *EN, *JA],
            capture_output=True,
            check=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for threads, seed in (("1", "0"), ("1", "1"), ("2", "2"))
    }
    assert len(trained) == 1


def test_too_little_text_for_the_vocabulary_is_refused(tmp_path: Path, write_shard) -> None:
    documents = [("en", write_shard("en", EN)), ("ja", write_shard("ja", JA))]
    with pytest.raises(UserError, match="vocabulary asks 4000: give more text or a smaller vocabulary"):
        train(tmp_path, documents, settings(vocabulary=4000))
    assert not (tmp_path / "tokenizer.json").exists()


def test_a_language_without_text_is_named(tmp_path: Path, write_shard) -> None:
    with pytest.raises(UserError, match="language ja has no text"):
        train(tmp_path, [("en", write_shard("en", EN)), ("ja", write_shard("ja", [""]))], settings())
