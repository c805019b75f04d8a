"""The files of a token pair: layout, and what damaged ones are told."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.tokens.mmap import open_index, open_pair, pair_paths, token_dtype, write_index


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=12), max_size=12),
    st.sampled_from(["u1", "<u2", "<i4", "<i8"]),
    st.integers(0, 12),
)
def test_documents_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[int]], dtype: str, cut: int
) -> None:
    bin_path, idx_path = pair_paths(tmp_path_factory.mktemp("pair") / "a.b")
    ids = [np.array(document, np.int64) % 251 for document in documents]
    bin_path.write_bytes(b"".join(document.astype(dtype).tobytes() for document in ids))
    sizes = np.array([len(document) for document in ids], np.int32)
    write_index(idx_path, dtype, [sizes[:cut], sizes[cut:]])  # in parts
    pair = open_pair(bin_path, idx_path)
    assert pair.index.dtype == np.dtype(dtype)
    assert [pair.document(number).tolist() for number in range(len(ids))] == [list(document) for document in ids]
    assert pair.index.count_tokens() == len(pair.tokens) == sizes.sum()


def test_index_has_the_published_layout(tmp_path: Path) -> None:
    write_index(tmp_path / "x.idx", np.uint16, [np.array([3, 1], np.int32)])
    expected = b"MMIDIDX\x00\x00" + (1).to_bytes(8, "little") + b"\x08" + (2).to_bytes(8, "little")
    expected += (3).to_bytes(8, "little") + np.array([3, 1], "<i4").tobytes()
    expected += np.array([0, 6], "<i8").tobytes() + np.array([0, 1, 2], "<i8").tobytes()
    assert (tmp_path / "x.idx").read_bytes() == expected


def test_ids_take_16_bits_below_65500_entries() -> None:
    assert token_dtype(65_499) == np.uint16
    assert token_dtype(65_500) == np.int32


def write_pair(prefix: Path) -> tuple[Path, Path]:
    bin_path, idx_path = pair_paths(prefix)
    np.array([1, 2, 3, 0], np.uint16).tofile(bin_path)
    write_index(idx_path, np.uint16, [np.array([2, 2], np.int32)])
    return bin_path, idx_path


def test_a_cut_bin_is_refused(tmp_path: Path) -> None:
    bin_path, idx_path = write_pair(tmp_path / "x")
    bin_path.write_bytes(bin_path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"x\.bin has 7 bytes, its index .*x\.idx says 8"):
        open_pair(bin_path, idx_path)


def test_a_missing_bin_is_named(tmp_path: Path) -> None:
    bin_path, idx_path = write_pair(tmp_path / "x")
    bin_path.unlink()
    with pytest.raises(UserError, match=r"x\.bin is missing"):
        open_pair(bin_path, idx_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:40], "is cut"),
        (lambda content: content[:20], "no Megatron index"),
        (lambda content: b"PK" + content[2:], "no Megatron index"),
        (lambda content: content[:9] + b"\x02" + content[10:], "has version 2"),
        (lambda content: content[:17] + b"\x06" + content[18:], "dtype code 6"),
        (lambda content: content[:26] + b"\x09" + content[27:], "9 document boundaries"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path: Path, change, message: str) -> None:
    _, idx_path = write_pair(tmp_path / "x")
    idx_path.write_bytes(change(idx_path.read_bytes()))
    with pytest.raises(UserError, match=message):
        open_index(idx_path)
