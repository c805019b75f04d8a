"""Compressed streams that say so when they are cut.

zstandard's own stream reader takes a truncated file for a whole one; this one does not.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import zstandard

from tenbin.errors import UserError

CHUNK_BYTES = 1 << 17
# Frames made with `zstd --long=31` need a window above the library's limit of 128 MiB.
MAX_WINDOW_BYTES = 1 << 31
SUFFIXES = (".gz", ".zst")
DAMAGE = (
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    zstandard.ZstdError,
    tarfile.TarError,
    zipfile.BadZipFile,
)


def decompress(stream: IO[bytes], name: str) -> IO[bytes]:
    """Return a stream of the text of a file, decompressed as its name says (.gz, .zst, else plain)."""
    if name.endswith(".gz"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if name.endswith(".zst"):
        return io.BufferedReader(ZstandardFrames(stream), CHUNK_BYTES)
    return stream


def plain_name(name: str) -> str:
    """Return a file name without the ending of its compression."""
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


@contextmanager
def report_damage(what: str) -> Iterator[None]:
    """Turn what damaged archives and compressed files raise into a UserError that names the file."""
    try:
        yield
    except DAMAGE as error:
        raise UserError(f"{what} is truncated or damaged ({error}); delete it and fetch it again") from None


class ZstandardFrames(io.RawIOBase):
    """A readable stream of the content of consecutive zstd frames; raises EOFError if the last one is cut."""

    def __init__(self, compressed: IO[bytes]) -> None:
        self._compressed = compressed
        self._frame = self._next_frame()
        self._rest = b""
        self._content = memoryview(b"")
        self._inside_frame = False

    def readable(self) -> bool:
        """Return True: the stream is for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with content; return the number of bytes, 0 at the end."""
        while not self._content:
            chunk = self._rest or self._compressed.read(CHUNK_BYTES)
            if not chunk:
                if self._inside_frame:
                    raise EOFError("the last zstd frame is not complete")
                return 0
            self._decompress(chunk)
        size_bytes = min(len(buffer), len(self._content))
        buffer[:size_bytes] = self._content[:size_bytes]
        self._content = self._content[size_bytes:]
        return size_bytes

    def _decompress(self, chunk: bytes) -> None:
        self._content = memoryview(self._frame.decompress(chunk))
        self._inside_frame = not self._frame.eof
        self._rest = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame = self._next_frame()

    @staticmethod
    def _next_frame() -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
