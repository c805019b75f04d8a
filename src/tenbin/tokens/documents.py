"""The shards of documents that tokens and tokenizers are made from, checked against their records."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenbin.corpora.shards import read_texts
from tenbin.errors import UserError
from tenbin.files import read_json, sha256_json, verify_file

SUFFIX = ".jsonl.zst"


@dataclass(frozen=True)
class DocumentShard:
    """A shard of documents with what its record says of it."""

    path: Path
    """The shard, .jsonl.zst."""
    text_bytes: int
    """UTF-8 bytes of all its texts."""
    seal: str
    """SHA-256 that identifies its record."""

    def __iter__(self) -> Iterator[str]:
        """Check the shard against its record, then yield its texts in order, anew each time."""
        verify_file(self.path, read_json(_record_of(self.path))["files"]["documents"])
        yield from read_texts(self.path)


def find_document_shard(path: Path) -> DocumentShard:
    """Return a shard by its path; its record lies beside it, as .json.

    Raises UserError if the name is not that of a shard or the record is missing or damaged.
    """
    record = read_json(_record_of(path))
    return DocumentShard(path, record["text_bytes"], sha256_json(record))


def _record_of(path: Path) -> Path:
    if not path.name.endswith(SUFFIX):
        raise UserError(f"{path} is no shard of documents: its name must end in {SUFFIX}")
    return path.with_name(path.name.removesuffix(SUFFIX) + ".json")
