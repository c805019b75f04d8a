"""Shards of documents: one JSON object a line, zstd, the same bytes for the same documents."""

import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from tenbin.corpora.compression import decompress, report_damage
from tenbin.corpora.splitting import digest_of
from tenbin.corpora.tally import Document
from tenbin.errors import UserError

# Level and a single thread are part of what decides the bytes.
COMPRESSION_LEVEL = 5


class ShardWriter:
    """Writes documents and counts them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        # Eight bytes a document: the shards of published corpora hold millions.
        self._digests = array("Q")
        self.text_bytes = 0
        self.characters = 0

    def write(self, document: Document) -> None:
        """Append a document as one line."""
        line = {"text": document.text} | ({"id": document.id} if document.id is not None else {})
        self._stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._digests.append(digest_of(document.text))
        self.text_bytes += len(document.text.encode())
        self.characters += len(document.text)

    def counts(self) -> dict[str, int]:
        """Return documents, UTF-8 bytes and characters of their text, and exact repeats of a document."""
        import numpy as np  # noqa: PLC0415

        documents = len(self._digests)
        distinct = len(np.unique(np.frombuffer(self._digests, dtype=np.uint64))) if documents else 0
        return {
            "documents": documents,
            "text_bytes": self.text_bytes,
            "characters": self.characters,
            "duplicates": documents - distinct,
        }


@contextmanager
def open_shard(path: Path) -> Iterator[ShardWriter]:
    """Open a shard for writing."""
    compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_checksum=True)
    with path.open("wb") as file, compressor.stream_writer(file) as stream:
        yield ShardWriter(stream)


class Line(msgspec.Struct):
    """What is read of a line; its other keys are passed over."""

    text: str


def read_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a shard in order, streamed; lines end in LF alone.

    Raises UserError if the shard is truncated or damaged.
    """
    decoder = msgspec.json.Decoder(Line)
    with report_damage(str(path)), path.open("rb") as file:
        for number, line in enumerate(decompress(file, ".zst"), start=1):
            try:
                yield decoder.decode(line).text
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UserError(f"{path}: line {number} is no document ({error}); delete it and run again") from None
