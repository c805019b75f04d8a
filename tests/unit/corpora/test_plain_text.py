import io

import pytest

from tenbin.corpora.plain_text import read_plain_text
from tenbin.corpora.tally import Tally
from tenbin.study.corpora import PlainText

BOOK = "　一行目。\n二行目。\n\n \t\n\nSecond\r\nparagraph\r\n\r\nthird"


def read(content, document, tally=None):
    form = PlainText(document=document)
    return [found.text for found in read_plain_text(io.BytesIO(content), form, tally or Tally("a.txt", 1))]


def test_a_file_is_one_document_as_it_is():
    assert read(BOOK.encode(), "file") == [BOOK]


def test_blocks_between_blank_lines_are_documents_that_keep_their_indents():
    assert read(BOOK.encode(), "paragraph") == ["　一行目。\n二行目。", "Second\r\nparagraph", "third"]


@pytest.mark.parametrize("document", ["file", "paragraph"])
def test_an_empty_file_holds_no_document(document):
    assert read(b"", document) == []


@pytest.mark.parametrize("document", ["file", "paragraph"])
def test_a_byte_order_mark_is_no_text(document):
    assert read(b"\xef\xbb\xbfa", document) == ["a"]


def test_a_paragraph_that_is_not_utf8_is_counted_with_its_line():
    tally = Tally("a.txt", 1)
    assert read(b"a\n\nb\nc\xff\n\nd\n", "paragraph", tally) == ["a", "d"]
    assert tally.examples == ["line 4: not UTF-8"]
    assert tally.records == 3
