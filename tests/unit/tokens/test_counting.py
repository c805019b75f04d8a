"""Counting text by ids, held against decoding every document."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.tokens import counting
from tenbin.tokens.counting import check_documents, count_text
from tenbin.tokens.decoding import decode_document, token_bytes
from tenbin.tokens.mmap import TokenPair, open_pair, write_index
from tenbin.tokens.tokenizer import TokenizerFile


def write_pair(folder: Path, documents: list[list[int]], dtype: str = "<u2") -> TokenPair:
    np.array([number for document in documents for number in document], dtype).tofile(folder / "a.bin")
    write_index(folder / "a.idx", dtype, [np.array([len(document) for document in documents], np.int32)])
    return open_pair(folder / "a.bin", folder / "a.idx")


@settings(max_examples=50, deadline=None)
@given(documents=st.lists(st.lists(st.integers(0, 289), max_size=9), min_size=1, max_size=12), data=st.data())
def test_counts_are_those_of_decoded_documents_wherever_chunks_end(
    documents: list[list[int]],
    data: st.DataObject,
    small_tokenizer: TokenizerFile,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    end = small_tokenizer.end_of_text_id
    closed = [document + [end] * data.draw(st.integers(0, 1)) for document in documents]
    pair = write_pair(tmp_path_factory.mktemp("pair"), closed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "CHUNK_TOKENS", data.draw(st.integers(1, 20)))
        text = count_text(pair, small_tokenizer, "a")
    pieces = token_bytes(small_tokenizer.path)
    decoded = [decode_document(document, pieces, end) for document in closed]
    assert text.counts.text_bytes == sum(map(len, decoded))
    assert text.counts.characters == sum(byte & 0xC0 != 0x80 for content in decoded for byte in content)
    assert text.counts.tokens == sum(map(len, closed))
    assert text.unclosed == sum(document[-1:] != [end] for document in closed)


@pytest.mark.parametrize(("dtype", "wrong"), [("<i4", -1), ("<i4", 290), ("<u2", 290)])
def test_an_id_that_is_none_of_the_tokenizers_is_named(
    tmp_path: Path, small_tokenizer: TokenizerFile, dtype: str, wrong: int
) -> None:
    pair = write_pair(tmp_path, [[1, 2, wrong, 0]], dtype)
    with pytest.raises(UserError, match=f"a holds id {wrong}, the tokenizer has 290 entries"):
        count_text(pair, small_tokenizer, "a")


def test_documents_that_do_not_close_are_told(
    tmp_path: Path, small_tokenizer: TokenizerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    end = small_tokenizer.end_of_text_id
    count_text(write_pair(tmp_path, [[5, end]]), small_tokenizer, "a").report_unclosed(tmp_path / "a.bin")
    assert capsys.readouterr().err == ""
    count_text(write_pair(tmp_path, [[5, end], [6]]), small_tokenizer, "a").report_unclosed(tmp_path / "a.bin")
    assert "1 of 2 documents in" in capsys.readouterr().err


def test_a_gap_between_documents_is_found(tmp_path: Path) -> None:
    index = write_pair(tmp_path, [[1, 2], [3], [4]]).index
    check_documents(index, tmp_path / "a.idx")
    content = bytearray((tmp_path / "a.idx").read_bytes())
    content[34 + 3 * 4 + 2 * 8] ^= 2  # the third document's offset
    (tmp_path / "a.idx").write_bytes(content)
    with pytest.raises(UserError, match="document 2 does not start where the last ends"):
        check_documents(index, tmp_path / "a.idx")
