"""Tokenizers and shards of documents to test with."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard

from tenbin.files import record_file, write_json
from tenbin.tokens.bpe import train_bpe
from tenbin.tokens.encoding import tokenize_shard
from tenbin.tokens.tokenizer import TokenizerFile, read_tokenizer, write_record

WriteShard = Callable[[str, Sequence[str]], Path]


@pytest.fixture
def write_shard(tmp_path: Path) -> WriteShard:
    """Write texts as a shard of documents with its record; return the shard."""

    def write(name: str, texts: Sequence[str]) -> Path:
        path = tmp_path / "documents" / f"{name}.jsonl.zst"
        path.parent.mkdir(exist_ok=True)
        lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        path.write_bytes(zstandard.ZstdCompressor().compress(lines.encode()))
        record = {
            "documents": len(texts),
            "text_bytes": sum(len(text.encode()) for text in texts),
            "characters": sum(map(len, texts)),
            "files": {"documents": record_file(path)},
        }
        write_json(path.with_name(f"{name}.json"), record)
        return path

    return write


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> TokenizerFile:
    """Train a small tokenizer with its record beside it."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer = train_bpe(["the cat sat on the mat", "猫はマットの上に座った", "the mat"], 290)
    path.write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
    write_record(path.with_name("record.json"), path, tokenizer, {"kind": "trained"})
    return read_tokenizer(path, path.with_name("record.json"))


@pytest.fixture(scope="session")
def small_tokenizer_record(small_tokenizer: TokenizerFile) -> Path:
    """Return the record of the small tokenizer."""
    return small_tokenizer.path.with_name("record.json")


@pytest.fixture
def tokenize(tmp_path: Path, write_shard: WriteShard, small_tokenizer: TokenizerFile) -> Callable[..., Path]:
    """Tokenize texts into a pair with its record, with the small tokenizer if no other is given; return its prefix."""

    def tokenize(
        name: str, texts: Sequence[str], tokenizer: Path | None = None, record: Path | None = None, threads: int = 1
    ) -> Path:
        prefix = tmp_path / "tokens" / name
        tokenize_shard(
            write_shard(name, texts),
            tokenizer or small_tokenizer.path,
            record or small_tokenizer.path.with_name("record.json"),
            bin_path=prefix.with_suffix(".bin"),
            idx_path=prefix.with_suffix(".idx"),
            record_path=prefix.with_suffix(".json"),
            threads=threads,
        )
        return prefix

    return tokenize


@pytest.fixture
def golden_texts(shared_data: Path) -> Callable[[str], list[str]]:
    """Return the texts of a recorded set, its records split on LF alone."""

    def read(name: str) -> list[str]:
        plain = shared_data / "neox_golden" / "documents" / f"{name}.jsonl"
        if plain.is_file():
            content = plain.read_bytes()
        else:
            with plain.with_name(f"{name}.jsonl.zst").open("rb") as stream:
                content = zstandard.ZstdDecompressor().stream_reader(stream).read()
        return [json.loads(line)["text"] for line in content.split(b"\n") if line]

    return read
