"""Documents into tokens, byte for byte as GPT-NeoX writes them."""

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, seal_of, write_json
from tenbin.tokens import comparing, encoding
from tenbin.tokens.encoders import EncodedTexts, FastEncoder, ReferenceEncoder
from tenbin.tokens.encoding import tokenize_shard
from tenbin.tokens.mmap import open_pair, pair_paths
from tenbin.tokens.tokenizer import write_record

RECORDED = [
    ("bpe4096", name, *counts)
    for name, *counts in (
        ("edge", 9, 73),
        ("en_train", 60, 204_422),
        ("en_valid", 10, 57_915),
        ("ja_train", 60, 130_461),
        ("ja_valid", 10, 45_613),
    )
] + [("neox20b", "edge", 9, 52), ("neox20b", "en_valid", 10, 43_202), ("neox20b", "ja_valid", 10, 57_454)]


@pytest.mark.golden
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: f"{recorded[0]}-{recorded[1]}")
def test_pairs_equal_those_of_gpt_neox_byte_for_byte(
    shared_data: Path, tmp_path: Path, golden_texts, tokenize, recorded: tuple[str, str, int, int]
) -> None:
    vocabulary, name, documents, tokens = recorded
    golden = shared_data / "neox_golden"
    tokenizer = golden / "tokenizer.json" if vocabulary == "bpe4096" else shared_data / "20B_tokenizer.json"
    texts = golden_texts(name)
    record = tmp_path / "tokenizer.record.json"
    write_record(record, tokenizer, Tokenizer.from_file(str(tokenizer)), {"kind": "given"})
    prefix = tokenize(name, texts, tokenizer, record)
    for ending in (".bin", ".idx"):
        expected = golden / "tokens" / vocabulary / f"{name}_text_document{ending}"
        assert prefix.with_suffix(ending).read_bytes() == expected.read_bytes()
    counts = read_json(prefix.with_suffix(".json"))
    assert (counts["documents"], counts["tokens"]) == (documents, tokens)
    assert counts["empty_documents"] == len(texts) - documents == texts.count("")
    assert counts["text_bytes"] == sum(len(text.encode()) for text in texts)
    assert counts["characters"] == sum(map(len, texts))


TEXTS = ["the cat", "", "猫は<|endoftext|>", "mat " * 50, "x", "", "\n"]


@pytest.mark.parametrize(("characters", "documents"), [(1, 100), (1 << 20, 2), (20, 3)])
def test_batches_and_threads_do_not_change_the_bytes(
    monkeypatch: pytest.MonkeyPatch, tokenize, characters: int, documents: int
) -> None:
    whole = tokenize("00000", TEXTS)
    expected = {ending: whole.with_suffix(ending).read_bytes() for ending in (".bin", ".idx", ".json")}
    monkeypatch.setattr(encoding, "BATCH_CHARACTERS", characters)
    monkeypatch.setattr(encoding, "BATCH_DOCUMENTS", documents)
    batched = tokenize("00000", TEXTS, threads=2)
    assert {ending: batched.with_suffix(ending).read_bytes() for ending in expected} == expected


def test_every_document_ends_with_end_of_text_and_empty_ones_are_counted(
    tmp_path: Path, tokenize, small_tokenizer
) -> None:
    prefix = tokenize("00000", TEXTS)
    record = read_json(prefix.with_suffix(".json"))
    pair = open_pair(prefix.with_suffix(".bin"), prefix.with_suffix(".idx"))
    assert [int(pair.document(number)[-1]) for number in range(pair.index.num_documents)] == [0] * 5
    assert (record["documents"], record["empty_documents"]) == (5, 2)
    assert pair.document(1).tolist().count(0) == 2  # spelled out in the text, and at its end
    assert record["documents_records"] == [seal_of(tmp_path / "documents" / "00000.json")]
    assert record["tokenizer_sha256"] == small_tokenizer.sha256
    assert record["dtype"] == "uint16"
    assert record["files"] == {end: record_file(prefix.with_suffix(f".{end}")) for end in ("bin", "idx")}


@pytest.fixture
def outputs(tokenize) -> Callable[[], dict[str, bytes]]:
    def outputs() -> dict[str, bytes]:
        prefix = tokenize("00000", TEXTS)
        return {ending: prefix.with_suffix(ending).read_bytes() for ending in (".bin", ".idx")}

    return outputs


def test_either_library_writes_the_same_bytes_and_the_record_tells_which(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outputs
) -> None:
    record = tmp_path / "tokens" / "00000.json"
    fast = outputs()
    assert read_json(record)["encoder"] == f"fastokens {version('fastokens')}"
    monkeypatch.setattr(encoding, "choose_encoder", ReferenceEncoder)
    assert outputs() == fast
    assert read_json(record)["encoder"] == f"tokenizers {version('tokenizers')}"


def test_other_ids_late_in_a_shard_make_it_all_the_reference_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = outputs()
    right = FastEncoder.encode_batch

    def wrong(self: FastEncoder, texts: list[str]) -> EncodedTexts:
        encoded = right(self, texts)
        return EncodedTexts(encoded.ids + any(text == "x" for text in texts), encoded.ends)

    monkeypatch.setattr(FastEncoder, "encode_batch", wrong)
    monkeypatch.setattr(encoding, "BATCH_DOCUMENTS", 2)
    monkeypatch.setattr(comparing, "SHARE_OF_CHARACTERS", 1)
    assert outputs() == expected
    assert read_json(tmp_path / "tokens" / "00000.json")["encoder"].startswith("tokenizers ")
    libraries = r"fastokens [\d.]+ gives other ids than (tokenizers [\d.]+) in document 5"
    assert re.fullmatch(rf"warning: {libraries}; all is encoded anew by \1\n", capsys.readouterr().err)


def test_a_large_vocabulary_is_written_in_32_bits(tmp_path: Path, tokenize, small_tokenizer) -> None:
    record = read_json(small_tokenizer.path.with_name("record.json"))
    write_json(tmp_path / "large.json", record | {"vocabulary": 65_500})
    prefix = tokenize("00000", TEXTS, record=tmp_path / "large.json")
    counts = read_json(prefix.with_suffix(".json"))
    assert counts["dtype"] == "int32"
    assert open_pair(prefix.with_suffix(".bin"), prefix.with_suffix(".idx")).tokens.dtype == np.int32
    assert prefix.with_suffix(".bin").stat().st_size == 4 * counts["tokens"]


def tokenize_into(out: Path, documents: Path, tokenizer: Path, record: Path) -> None:
    bin_path, idx_path = pair_paths(out)
    tokenize_shard(
        documents, tokenizer, record, bin_path=bin_path, idx_path=idx_path, record_path=out / "json", threads=1
    )


def test_a_changed_shard_is_refused_and_nothing_is_left(tmp_path: Path, write_shard, small_tokenizer) -> None:
    shard = write_shard("00000", TEXTS)
    shard.write_bytes(shard.read_bytes() + b"\x00")
    with pytest.raises(UserError, match=r"00000\.jsonl\.zst is damaged"):
        tokenize_into(tmp_path / "out", shard, small_tokenizer.path, small_tokenizer.path.with_name("record.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["documents"]


def test_another_tokenizer_than_recorded_is_refused(tmp_path: Path, tokenize, small_tokenizer) -> None:
    other = tmp_path / "tokenizer.json"
    other.write_bytes(small_tokenizer.path.read_bytes().replace(b"NFC", b"NFD"))
    with pytest.raises(UserError, match=r"tokenizer\.json is damaged"):
        tokenize("00000", TEXTS, tokenizer=other)


def test_a_file_that_is_no_shard_is_named(tmp_path: Path, small_tokenizer) -> None:
    record = small_tokenizer.path.with_name("record.json")
    with pytest.raises(UserError, match=r"text\.txt is no shard of documents"):
        tokenize_into(tmp_path / "out", tmp_path / "text.txt", small_tokenizer.path, record)
