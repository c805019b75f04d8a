"""Losses by document and script: the rows that intervals and comparisons are resampled from.

A document's targets are its tokens; the one that ends it is <|endoftext|>, of the script `end`, and
has no bytes. Text is measured on the tokens' bytes, so on the text as the tokenizer's normaliser
leaves it. A token belongs to the strongest script of its bytes; bytes and characters are counted by
their own, so that a character split over tokens is counted once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.evaluation.scripts_of_text import END, OTHER, SCRIPTS, scripts_of_bytes
from tenbin.files import atomic_path

TOKENS_PER_BLOCK = 1 << 20
COUNTS = ("targets", "nats", "bytes", "characters")


@dataclass(frozen=True)
class DocumentTotals:
    """Sums over each document of a validation set: arrays (documents,)."""

    targets: NDArray[np.float64]
    nats: NDArray[np.float64]


def tabulate_documents(
    stream: NDArray[np.integer],
    document_lengths: NDArray[np.integer],
    nats: NDArray[np.floating],
    token_bytes: Sequence[bytes],
) -> pa.Table:
    """Return one row a document and script that occurs in it, in stream order.

    stream (tokens,) with documents of the given lengths, each ended by <|endoftext|>; nats (tokens - 1,) of
    every token but the first. Columns: document, script, targets, nats, bytes, characters.
    """
    ends = np.cumsum(document_lengths)
    tokens = _ByteTable(token_bytes)
    # The stream's first token is text but no target.
    is_target = np.ones(len(stream), np.float64)
    is_target[0] = 0
    all_nats = np.concatenate([[0.0], nats.astype(np.float64)])
    blocks = [
        _Block(first, ends[first:last], stream[start:end], is_target[start:end], all_nats[start:end]).tabulate(tokens)
        for first, last, start, end in _blocks(ends)
    ]
    return pa.concat_tables(blocks).combine_chunks()


def write_documents(path: Path, table: pa.Table) -> None:
    """Write the table as Parquet."""
    with atomic_path(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_document_totals(path: Path) -> DocumentTotals:
    """Read a table and return its sums by document over all scripts; raises UserError if it is no such table."""
    try:
        table = pq.read_table(path, columns=["document", "targets", "nats"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise UserError(f"{path} is no table of losses by document ({error}); delete it and run again") from None
    return sum_by_document(table)


@dataclass(frozen=True)
class ScriptTotals(DocumentTotals):
    """Sums over each document's tokens of one script, and the bytes of that script in all documents together."""

    num_bytes: int


def read_script_totals(path: Path) -> dict[str, ScriptTotals]:
    """Read a table and return its sums by script and document, scripts of text only.

    A document without the script has zeros. Raises UserError if it is no such table.
    """
    try:
        table = pq.read_table(path, columns=["document", "script", "targets", "nats", "bytes"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise UserError(f"{path} is no table of losses by document ({error}); delete it and run again") from None
    document, script = table["document"].to_numpy(), table["script"].to_numpy(zero_copy_only=False)
    columns = {name: table[name].to_numpy() for name in ("targets", "nats", "bytes")}
    num_documents = int(document.max()) + 1
    return {
        name: ScriptTotals(
            targets=_sums(document[rows], columns["targets"][rows], num_documents),
            nats=_sums(document[rows], columns["nats"][rows], num_documents),
            num_bytes=int(columns["bytes"][rows].sum()),
        )
        for name in SCRIPTS
        if name != SCRIPTS[END] and (rows := script == name).any()
    }


def sum_by_document(table: pa.Table) -> DocumentTotals:
    """Return the sums by document over all scripts."""
    document = table["document"].to_numpy()
    targets, nats = (_sums(document, table[name].to_numpy()) for name in ("targets", "nats"))
    return DocumentTotals(targets, nats)


class _ByteTable:
    """The bytes of all tokens end to end, to gather those of a stream at once."""

    def __init__(self, token_bytes: Sequence[bytes]) -> None:
        self.lengths = np.array([len(piece) for piece in token_bytes], np.int64)
        self.offsets = np.cumsum(self.lengths) - self.lengths
        self.bytes = np.frombuffer(b"".join(token_bytes), np.uint8)

    def spell(
        self, tokens: NDArray[np.integer], is_end: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the tokens' bytes end to end and each byte's position in tokens; ends have none."""
        lengths = np.where(is_end, 0, self.lengths[tokens])
        token_of_byte = np.repeat(np.arange(len(tokens)), lengths)
        place = np.arange(len(token_of_byte)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self.bytes[self.offsets[tokens][token_of_byte] + place], token_of_byte


def _blocks(ends: NDArray[np.integer]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first document, last document, first token, last token) of blocks of bounded memory; lasts excluded."""
    first, start = 0, 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, start + TOKENS_PER_BLOCK, side="right")))
        yield first, last, start, int(ends[last - 1])
        first, start = last, int(ends[last - 1])


@dataclass(frozen=True)
class _Block:
    """Documents that follow each other: their numbers from `first`, ends in the stream, and tokens."""

    first: int
    ends: NDArray[np.integer]
    tokens: NDArray[np.integer]
    is_target: NDArray[np.float64]
    nats: NDArray[np.float64]

    def tabulate(self, byte_table: _ByteTable) -> pa.Table:
        last_tokens = self.ends - self.ends[-1] + len(self.tokens) - 1
        is_end = np.zeros(len(self.tokens), bool)
        is_end[last_tokens] = True
        document = np.searchsorted(last_tokens, np.arange(len(self.tokens)))
        text, token_of_byte = byte_table.spell(self.tokens, is_end)
        byte_script, starts = scripts_of_bytes(text)

        token_script = np.full(len(self.tokens), OTHER, np.uint8)
        np.minimum.at(token_script, token_of_byte, byte_script)
        token_script[is_end] = END

        token_cell = document * len(SCRIPTS) + token_script
        byte_cell = document[token_of_byte] * len(SCRIPTS) + byte_script
        num_cells = len(self.ends) * len(SCRIPTS)
        columns = {
            "targets": _sums(token_cell, self.is_target, num_cells).astype(np.int64),
            "nats": _sums(token_cell, self.nats, num_cells),
            "bytes": _sums(byte_cell, np.ones(len(text)), num_cells).astype(np.int64),
            "characters": _sums(byte_cell, starts, num_cells).astype(np.int64),
        }
        return _as_rows(self.first, columns)


def _sums(cell: NDArray[np.integer], values: NDArray[Any], num_cells: int = 0) -> NDArray[np.float64]:
    return np.asarray(np.bincount(cell, values, num_cells), np.float64)


def _as_rows(first_document: int, columns: dict[str, NDArray[Any]]) -> pa.Table:
    used = np.flatnonzero((columns["targets"] > 0) | (columns["bytes"] > 0))
    script = pa.DictionaryArray.from_arrays(pa.array((used % len(SCRIPTS)).astype(np.int8)), pa.array(SCRIPTS))
    rows = {"document": pa.array(first_document + used // len(SCRIPTS), pa.int64()), "script": script.cast(pa.string())}
    return pa.table(rows | {name: pa.array(columns[name][used]) for name in COUNTS})
