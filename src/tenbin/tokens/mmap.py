"""Megatron's memory-mapped token files, read without a copy and written as a stream.

A pair is `X.bin`, the ids of all documents one after the other and nothing else, and `X.idx`, which
says where each document lies. The layout, its codes and the choice between 16 and 32 bits are those of
GPT-NeoX (megatron/data/indexed_dataset.py), so that either engine reads the same files:

    .idx = magic | version | dtype code | documents n | n + 1 | int32 sizes[n] | int64 byte offsets[n] | int64 0..n
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tenbin.errors import UserError

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
HEADER = struct.Struct("<9sQBQQ")
DTYPES: dict[int, np.dtype[Any]] = {
    code: np.dtype(name) for code, name in {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 8: "<u2"}.items()
}
UINT16_VOCABULARY_LIMIT = 65_500
CHUNK_DOCUMENTS = 1 << 20

Tokens = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class TokenIndex:
    """Where the documents of a pair lie."""

    dtype: np.dtype[Any]
    """Type of a token id."""
    sizes: NDArray[np.int32]
    """Tokens of each document [documents]."""
    pointers: NDArray[np.int64]
    """Byte offset of each document in the .bin [documents]."""

    @property
    def num_documents(self) -> int:
        """Return the number of documents."""
        return len(self.sizes)

    @property
    def size_bytes(self) -> int:
        """Return the bytes that the .bin must have."""
        if not len(self.sizes):
            return 0
        return int(self.pointers[-1]) + int(self.sizes[-1]) * self.dtype.itemsize

    def count_tokens(self) -> int:
        """Return the number of tokens."""
        return int(self.sizes.sum(dtype=np.int64))


@dataclass(frozen=True)
class TokenPair:
    """A pair mapped into memory: all ids as one array, and where each document lies in it."""

    tokens: Tokens
    """Ids of all documents [tokens]."""
    index: TokenIndex
    """Where they lie."""

    def document(self, number: int) -> Tokens:
        """Return the ids of one document, end-of-text token included."""
        first = int(self.index.pointers[number]) // self.index.dtype.itemsize
        return self.tokens[first : first + int(self.index.sizes[number])]


def pair_paths(prefix: Path) -> tuple[Path, Path]:
    """Return the .bin and the .idx of a prefix, which may have dots of its own."""
    return prefix.with_name(prefix.name + ".bin"), prefix.with_name(prefix.name + ".idx")


def token_dtype(vocabulary: int) -> np.dtype[Any]:
    """Return the type GPT-NeoX stores ids of a vocabulary (entries) in: uint16 below 65,500, else int32."""
    return np.dtype("<u2" if vocabulary < UINT16_VOCABULARY_LIMIT else "<i4")


def open_pair(bin_path: Path, idx_path: Path) -> TokenPair:
    """Map a pair into memory.

    Raises UserError if the .idx is no such index or the .bin has another size than it says.
    """
    index = open_index(idx_path)
    if not bin_path.is_file():
        raise UserError(f"{bin_path} is missing beside {idx_path}")
    size = bin_path.stat().st_size
    if size != index.size_bytes:
        raise UserError(f"{bin_path} has {size} bytes, its index {idx_path} says {index.size_bytes}: one is cut")
    return TokenPair(_map(bin_path, index.dtype, 0, size // index.dtype.itemsize), index)


def open_index(idx_path: Path) -> TokenIndex:
    """Map an .idx into memory.

    Raises UserError if it is missing, cut, of another format or of a dtype that holds no ids.
    """
    dtype, documents = _read_header(idx_path)
    expected = HEADER.size + documents * (4 + 8) + (documents + 1) * 8
    size = idx_path.stat().st_size
    if size < expected:
        raise UserError(f"{idx_path} is cut: {size} bytes, {expected} needed for {documents} documents")
    sizes = _map(idx_path, "<i4", HEADER.size, documents)
    pointers = _map(idx_path, "<i8", HEADER.size + sizes.nbytes, documents)
    return TokenIndex(dtype, sizes, pointers)


def write_index(path: Path, dtype: DTypeLike, sizes: Sequence[NDArray[np.int32]]) -> None:
    """Write the .idx of documents whose sizes (tokens) come in parts, without holding more than a part."""
    dtype = np.dtype(dtype)
    code = next(code for code, known in DTYPES.items() if known == dtype)
    documents = sum(len(part) for part in sizes)
    with path.open("wb") as stream:
        stream.write(HEADER.pack(MAGIC, VERSION, code, documents, documents + 1))
        for part in sizes:
            stream.write(part.astype("<i4", copy=False).tobytes())
        end = 0
        for part in sizes:
            lengths = part.astype("<i8") * dtype.itemsize
            ends = end + np.cumsum(lengths)
            stream.write((ends - lengths).tobytes())
            end += int(lengths.sum())
        for first in range(0, documents + 1, CHUNK_DOCUMENTS):
            stream.write(np.arange(first, min(first + CHUNK_DOCUMENTS, documents + 1), dtype="<i8").tobytes())


def _read_header(idx_path: Path) -> tuple[np.dtype[Any], int]:
    if not idx_path.is_file():
        raise UserError(f"{idx_path} is missing")
    with idx_path.open("rb") as stream:
        header = stream.read(HEADER.size)
    if len(header) < HEADER.size or not header.startswith(MAGIC):
        raise UserError(f"{idx_path} is no Megatron index (it does not start with MMIDIDX)")
    _, version, code, documents, boundaries = HEADER.unpack(header)
    if version != VERSION:
        raise UserError(f"{idx_path} has version {version}; version {VERSION} is read")
    if code not in DTYPES:
        raise UserError(f"{idx_path} has dtype code {code}; token ids have one of {sorted(DTYPES)}")
    if not 1 <= boundaries <= documents + 1:
        raise UserError(f"{idx_path} is damaged: {documents} sequences but {boundaries} document boundaries")
    return DTYPES[code], documents


def _map(path: Path, dtype: DTypeLike, offset: int, count: int) -> NDArray[Any]:
    if not count:  # an empty range cannot be mapped
        return np.empty(0, dtype)
    # A plain array over the mapping: slicing a np.memmap is several times slower.
    return np.asarray(np.memmap(path, dtype, "r", offset, (count,)))
