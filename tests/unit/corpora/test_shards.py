import json
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.corpora.shards import open_shard, read_texts
from tenbin.corpora.tally import Document
from tenbin.errors import UserError

DOCUMENTS = [
    Document("a\u2028b\n天秤"),
    Document("", id="empty"),
    Document("a\u2028b\n天秤", group="x"),
    Document("🙂"),
]


def write(path):
    with open_shard(path) as shard:
        for document in DOCUMENTS:
            shard.write(document)
    return shard


def test_lines_end_at_lf_alone_and_hold_text_and_id(tmp_path):
    write(tmp_path / "a")
    lines = zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "a").read_bytes()).split(b"\n")
    assert lines.pop() == b""
    records = [json.loads(line) for line in lines]
    assert [record["text"] for record in records] == [document.text for document in DOCUMENTS]
    assert [record.get("id") for record in records] == [None, "empty", None, None]


def test_equal_documents_give_equal_bytes(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_documents_text_and_repeats_are_counted(tmp_path):
    counts = write(tmp_path / "a").counts()
    assert counts == {"documents": 4, "text_bytes": 2 * 12 + 4, "characters": 2 * 6 + 1, "duplicates": 1}


def test_an_empty_shard_is_a_file_too(tmp_path):
    with open_shard(tmp_path / "a") as shard:
        pass
    assert shard.counts() == {"documents": 0, "text_bytes": 0, "characters": 0, "duplicates": 0}
    assert zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "a").read_bytes()) == b""


def test_texts_are_read_back_as_they_were_written(tmp_path):
    write(tmp_path / "a")
    assert list(read_texts(tmp_path / "a")) == [document.text for document in DOCUMENTS]


def test_a_cut_shard_is_an_error_and_not_fewer_texts(tmp_path):
    write(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-5])
    with pytest.raises(UserError, match="truncated or damaged"):
        list(read_texts(tmp_path / "a"))


@pytest.mark.parametrize(
    "line", [b"{}", b'{"text": 1}', b'{"text": "a"', b"[]", b'{"text": "\\ud800"}', b'{"text": "\xff"}']
)
def test_a_line_that_is_no_document_is_named(tmp_path, line):
    content = b'{"text": "a", "id": "x", "more": [1, {"text": "b"}]}\n' + line + b"\n"
    (tmp_path / "a").write_bytes(zstandard.ZstdCompressor().compress(content))
    texts = read_texts(tmp_path / "a")
    assert next(texts) == "a"
    with pytest.raises(UserError, match="a: line 2 is no document"):
        next(texts)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_as_json_spells_it(text):
    content = b"".join(json.dumps({"text": text}, ensure_ascii=escaped).encode() + b"\n" for escaped in (False, True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(zstandard.ZstdCompressor().compress(content))
        assert list(read_texts(path)) == [text, text]
