"""The record beside a token pair: how much text it holds, and what it was made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tenbin import recipes
from tenbin.files import read_json, record_file, verify_file, write_json


@dataclass
class TextCounts:
    """Counts of the text behind some tokens."""

    tokens: int = 0
    """Token ids, the end-of-text of each document included."""
    documents: int = 0
    """Documents written."""
    empty_documents: int = 0
    """Documents dropped because they were empty."""
    text_bytes: int = 0
    """UTF-8 bytes of the text before normalisation."""
    characters: int = 0
    """Unicode code points of the same text."""

    def add(self, other: "TextCounts") -> None:
        """Add the counts of another part."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class PairRecord:
    """A verified token pair and its record."""

    bin_path: Path
    """The ids."""
    idx_path: Path
    """Where each document lies."""
    content: dict[str, Any]
    """The record without its seal."""

    def counts(self) -> TextCounts:
        """Return the counts of the pair."""
        return TextCounts(**{name: self.content[name] for name in vars(TextCounts())})


def write_pair_record(
    record_path: Path,
    files: dict[str, Any],
    *,
    counts: TextCounts,
    dtype: DTypeLike,
    tokenizer_sha256: str,
    documents_records: list[str],
    **more: Any,
) -> None:
    """Write the record of a pair; `files` describe it (keys bin, idx).

    `documents_records` are the seals of the records of the shards of documents behind it.
    """
    record = {
        "recipe": recipes.TOKENS,
        **vars(counts),
        "dtype": np.dtype(dtype).name,
        "tokenizer_sha256": tokenizer_sha256,
        "documents_records": documents_records,
        "files": files,
    }
    write_json(record_path, record | more)


def record_pair(bin_path: Path, idx_path: Path, bin_name: str = "") -> dict[str, Any]:
    """Return the entries that describe both files of a pair; `bin_name` is the .bin's final name if not yet its own."""
    described = record_file(bin_path)
    return {"bin": described | {"file": bin_name or bin_path.name}, "idx": record_file(idx_path)}


def read_pair_record(prefix: Path) -> PairRecord:
    """Return the record of PREFIX.bin and PREFIX.idx, the .idx verified; the .bin is for the caller to verify.

    Raises UserError if the record or the .idx is missing or damaged.
    """
    bin_path, idx_path, record_path = (prefix.with_name(prefix.name + end) for end in (".bin", ".idx", ".json"))
    content = read_json(record_path)
    verify_file(idx_path, content["files"]["idx"])
    return PairRecord(bin_path, idx_path, content)
