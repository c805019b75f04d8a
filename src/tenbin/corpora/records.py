"""Documents out of records: JSON objects, one a line, or the rows of a Parquet file."""

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tenbin.corpora.compression import plain_name
from tenbin.corpora.tally import Document, Tally
from tenbin.errors import UserError
from tenbin.study.corpora import JsonLines

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BATCH_ROWS = 1024
KEYS_SHOWN = 5


def read_records(stream: IO[bytes], name: str, form: JsonLines, tally: Tally) -> Iterator[Document]:
    """Yield the text of each record of a .parquet file, or of each line of any other."""
    if plain_name(name).endswith(".parquet"):
        return _read_parquet(stream, form.text_key, tally)
    return _read_json_lines(stream, form.text_key, tally)


def numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers from 1, blank ones and a byte order mark left out.

    Lines end at LF alone: other separators, such as U+2028, stand inside JSON strings.
    """
    for number, line in enumerate(stream, start=1):
        content = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        if not content.isspace():
            yield number, content


def _read_json_lines(stream: IO[bytes], text_key: str, tally: Tally) -> Iterator[Document]:
    for number, line in numbered_lines(stream):
        tally.records += 1
        try:
            record = json.loads(line.decode())
        except UnicodeDecodeError as error:
            tally.reject("not UTF-8", f"line {number}", f"byte {error.start + 1}")
        except (ValueError, RecursionError) as error:
            tally.reject("malformed JSON", f"line {number}", str(error))
        else:
            yield from _take_text(record, text_key, f"line {number}", tally)


def _take_text(record: Any, text_key: str, place: str, tally: Tally) -> Iterator[Document]:
    if not isinstance(record, dict):
        tally.reject("no JSON object", place)
    elif text_key not in record:
        keys = ", ".join(list(record)[:KEYS_SHOWN]) or "no key"
        tally.reject("no text", place, f"no key {text_key!r}; it has {keys}")
    else:
        yield from _take_string(record[text_key], place, tally)


def _take_string(text: Any, place: str, tally: Tally) -> Iterator[Document]:
    if not isinstance(text, str):
        tally.reject("text is not a string", place, type(text).__name__)
    elif not _is_unicode(text):
        tally.reject("half a surrogate pair", place)
    else:
        yield Document(text)


def _is_unicode(text: str) -> bool:
    """Return whether a text has UTF-8 bytes: JSON's escapes can spell halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_parquet(stream: IO[bytes], column: str, tally: Tally) -> Iterator[Document]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with _seekable(stream) as file:
            table = pq.ParquetFile(file, pre_buffer=False)
            _check_column(table.schema_arrow, column, tally.source)
            for batch in table.iter_batches(BATCH_ROWS, columns=[column], use_threads=False):
                for value in batch.column(0):
                    tally.records += 1
                    yield from _take_value(value, f"row {tally.records}", tally)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{tally.source} is truncated or damaged ({error}); delete it and fetch it again") from None


def _check_column(schema: Any, column: str, source: str) -> None:
    import pyarrow as pa  # noqa: PLC0415

    if column not in schema.names:
        raise UserError(f"{source} has no column {column!r}; it has {', '.join(schema.names)}; correct `text_key`")
    kind = schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise UserError(f"{source}: column {column!r} holds {kind}, not strings; correct `text_key`")


def _take_value(value: Any, place: str, tally: Tally) -> Iterator[Document]:
    try:
        text = value.as_py()
    except UnicodeDecodeError as error:
        tally.reject("not UTF-8", place, f"byte {error.start + 1}")
        return
    if text is None:
        tally.reject("no text", place, "null")
    else:
        yield Document(text)


@contextmanager
def _seekable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield the stream if it is a file's own, or a copy of it in an unnamed file: Parquet is read from its end."""
    if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield copy
