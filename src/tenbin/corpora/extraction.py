"""From a source file to a shard of documents of one split."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import Field, TypeAdapter

from tenbin import recipes
from tenbin.corpora.archives import open_member
from tenbin.corpora.compression import decompress, report_damage
from tenbin.corpora.html_pages import read_html_pages
from tenbin.corpora.plain_text import read_plain_text
from tenbin.corpora.records import read_records
from tenbin.corpora.shards import ShardWriter, open_shard
from tenbin.corpora.splitting import digest_of, side_of
from tenbin.corpora.tally import Document, Tally
from tenbin.corpora.translations import read_translations
from tenbin.errors import UserError
from tenbin.files import atomic_path, read_json, record_file, sha256_file, verify_file, write_json
from tenbin.study.corpora import (
    FilesCorpus,
    Format,
    HtmlPages,
    HubCorpus,
    PackageCorpus,
    PlainText,
    Split,
    TranslationTable,
)

TextCorpus = PackageCorpus | HubCorpus | FilesCorpus
TEXT_CORPUS: TypeAdapter[TextCorpus] = TypeAdapter(Annotated[TextCorpus, Field(discriminator="kind")])


def extract_documents(
    *,
    corpus: TextCorpus,
    split: Split,
    source: Path,
    source_name: str,
    source_record: Path | None,
    documents: Path,
    record: Path,
) -> None:
    """Write the documents of a source file that belong to a split as a shard, and its record.

    `source_name` is the source's original name and tells its compression; a package's archive is told by
    its content. With `source_record` the source is checked against it.

    Raises UserError if the source is damaged or holds no document, or too many records are unreadable.
    """
    source_sha256 = _identify_source(source, source_record)
    name = corpus.member if isinstance(corpus, PackageCorpus) else source_name
    tally = Tally(source_name if name == source_name else f"{name} in {source.name}", corpus.max_unreadable_share)
    with atomic_path(documents) as partial:
        with _open_text(corpus, source, name) as text, open_shard(partial) as shard:
            found = _write_split(read_documents(text, name, corpus.format, tally), corpus.valid_share, split, shard)
        tally.check()
        if not found:
            raise UserError(f"{tally.source} holds no document; check the corpus's `format` and its source files")
    content = {
        "recipe": recipes.CORPORA,
        "language": corpus.language,
        "source": corpus.source,
        "licence": corpus.licence,
        "split": split,
        "source_file": source_name,
        "source_sha256": source_sha256,
        **shard.counts(),
        "unreadable": dict(tally.unreadable),
        **tally.details,
        "files": {"documents": record_file(documents)},
    }
    write_json(record, content)


def read_documents(stream: IO[bytes], name: str, form: Format, tally: Tally) -> Iterator[Document]:
    """Yield the documents of a source's text, read as its format says; `name` tells Parquet from lines."""
    match form:
        case TranslationTable():
            return read_translations(stream, form, tally)
        case HtmlPages():
            return read_html_pages(stream, form, tally)
        case PlainText():
            return read_plain_text(stream, form, tally)
        case _:
            return read_records(stream, name, form, tally)


def _identify_source(source: Path, source_record: Path | None) -> str:
    """Return the SHA-256 of the source, verified against its record where it has one."""
    if not source.is_file():
        raise UserError(f"{source} is missing; correct the path, or run again to fetch it")
    if source_record is None:
        return sha256_file(source)
    described: dict[str, Any] = read_json(source_record)["files"]["source"]
    verify_file(source, described)
    return str(described["sha256"])


@contextmanager
def _open_text(corpus: TextCorpus, source: Path, name: str) -> Iterator[IO[bytes]]:
    """Open the text of a source, `name` being that of the file or of the archive's member."""
    with report_damage(str(source)):
        if isinstance(corpus, PackageCorpus):
            with open_member(source, corpus.member) as member:
                yield decompress(member, name)
        else:
            with source.open("rb") as file:
                yield decompress(file, name)


def _write_split(documents: Iterator[Document], valid_share: float | None, split: Split, shard: ShardWriter) -> int:
    """Write the documents of a split and return how many there are in all."""
    found = 0
    for document in documents:
        found += 1
        if valid_share is None or side_of(digest_of(document.group or document.text), valid_share) == split:
            shard.write(document)
    return found
