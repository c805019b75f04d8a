"""Documents out of plain text: the whole file, or each block between blank lines."""

from collections.abc import Iterator
from itertools import groupby
from typing import IO

from tenbin.corpora.records import BYTE_ORDER_MARK
from tenbin.corpora.tally import Document, Tally
from tenbin.study.corpora import PlainText


def read_plain_text(stream: IO[bytes], form: PlainText, tally: Tally) -> Iterator[Document]:
    """Yield the file's text as it is, or its paragraphs without the line ends around them."""
    blocks = _paragraphs(stream) if form.document == "paragraph" else [(1, stream.read())]
    for line_number, block in blocks:
        content = block.removeprefix(BYTE_ORDER_MARK) if line_number == 1 else block
        if not content:
            continue
        tally.records += 1
        try:
            yield Document(content.decode())
        except UnicodeDecodeError as error:
            bad_line = line_number + content.count(b"\n", 0, error.start)
            tally.reject("not UTF-8", f"line {bad_line}")


def _paragraphs(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each block of lines that are not blank, with the number of its first line."""
    for is_blank, lines in groupby(enumerate(stream, start=1), key=lambda line: line[1].isspace()):
        if not is_blank:
            first_number, first_line = next(lines)
            block = first_line + b"".join(line for _, line in lines)
            yield first_number, block.strip(b"\r\n")
