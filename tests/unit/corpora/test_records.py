import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.corpora.records import read_records
from tenbin.corpora.tally import Document, Tally
from tenbin.errors import UserError
from tenbin.study.corpora import JsonLines

unicode_text = st.text(st.characters(exclude_categories=["Cs"]))


def read_lines(content, tally=None, text_key="text"):
    return list(
        read_records(io.BytesIO(content), "a.jsonl", JsonLines(text_key=text_key), tally or Tally("a.jsonl", 1))
    )


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(unicode_text, max_size=5), escaped=st.booleans())
def test_texts_come_back_as_they_were_written(texts, escaped):
    lines = "".join(json.dumps({"text": text}, ensure_ascii=escaped) + "\n" for text in texts)
    assert read_lines(lines.encode()) == [Document(text) for text in texts]


def test_only_lf_ends_a_line():
    content = '{"text": "a\u2028b\u0085c\u2029d"}\r\n{"text": "e"}'.encode()
    assert [document.text for document in read_lines(content)] == ["a\u2028b\u0085c\u2029d", "e"]


def test_blank_lines_and_a_byte_order_mark_are_no_records():
    tally = Tally("a.jsonl", 0)
    assert read_lines(b'\xef\xbb\xbf{"text": "a"}\n\n  \n{"text": ""}\n', tally) == [Document("a"), Document("")]
    assert tally.records == 2


UNREADABLE = [
    (b'{"text": "\xff"}', "not UTF-8", "byte 11"),
    (b'{"text": "a"', "malformed JSON", "column"),
    (b"[" * 100_000, "malformed JSON", "recursion"),
    (b'["text"]', "no JSON object", ""),
    (b'{"content": "a", "url": "b"}', "no text", "no key 'text'; it has content, url"),
    (b'{"text": null}', "text is not a string", "NoneType"),
    (b'{"text": 3}', "text is not a string", "int"),
    (rb'{"text": "\ud800"}', "half a surrogate pair", ""),
]


@pytest.mark.parametrize(("line", "reason", "detail"), UNREADABLE)
def test_an_unreadable_line_is_counted_by_reason_and_shown_by_number(line, reason, detail):
    tally = Tally("a.jsonl", 0.5)
    assert read_lines(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n', tally) == [Document("a"), Document("b")]
    assert tally.unreadable == {reason: 1}
    assert tally.records == 3
    assert tally.examples[0].startswith(f"line 2: {reason}")
    assert detail in tally.examples[0]
    tally.check()


def test_a_share_above_the_limit_names_the_file_and_the_first_lines():
    tally = Tally("a.jsonl", 0.1)
    read_lines(b'{"text": "a"}\n{\n{"text": "b"}\n{}\n', tally)
    with pytest.raises(UserError, match=r"a\.jsonl: 2 of 4 records .* line 2: malformed JSON .* line 4: no text"):
        tally.check()


def test_reading_stops_early_where_nothing_may_be_unreadable():
    tally = Tally("a.jsonl", 0)
    with pytest.raises(UserError, match="5 of 5 records"):
        read_lines(b"{}\n" * 1000, tally)


def parquet(tmp_path, **columns):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def read_table(path, tally, text_key="text"):
    with path.open("rb") as stream:
        return list(read_records(stream, path.name, JsonLines(text_key=text_key), tally))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_rows_of_parquet_are_documents_in_order(tmp_path, kind):
    texts = [f"文 {number}" for number in range(3000)]
    path = parquet(tmp_path, url=pa.array(["u"] * 3000), body=pa.array(texts, kind))
    assert [document.text for document in read_table(path, Tally("a", 0), "body")] == texts


def test_unreadable_rows_of_parquet_are_counted(tmp_path):
    damaged = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )
    path = parquet(tmp_path, text=pa.concat_arrays([pa.array(["x", None]), damaged]))
    tally = Tally("a", 1)
    assert [document.text for document in read_table(path, tally)] == ["x", "a"]
    assert tally.examples == ["row 2: no text (null)", "row 4: not UTF-8 (byte 1)"]


def test_a_column_that_is_absent_or_no_text_is_named(tmp_path):
    path = parquet(tmp_path, body=pa.array(["a"]), number=pa.array([1]))
    with pytest.raises(UserError, match="no column 'text'; it has body, number"):
        read_table(path, Tally("a", 0))
    with pytest.raises(UserError, match="'number' holds int64"):
        read_table(path, Tally("a", 0), "number")


@pytest.mark.parametrize("kept", [0, 3, 100])
def test_truncated_parquet_is_an_error(tmp_path, kept):
    path = parquet(tmp_path, text=pa.array([str(number) for number in range(500)]))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="truncated or damaged"):
        read_table(path, Tally("a", 0))
