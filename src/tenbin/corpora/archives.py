"""One member of an archive, as a stream: nothing else of the archive is unpacked and nothing touches the disk."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO

from tenbin.corpora.compression import decompress, report_damage
from tenbin.errors import UserError

MAX_MEMBER_BYTES = 64 << 30
NEAR_NAMES = 5
# Archives are told by their first bytes: a fetched file need not keep its name.
ZIP_MAGIC = b"PK\x03\x04"
COMPRESSIONS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


@contextmanager
def open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """Open one regular file of a tar (plain, gzip, zstd) or zip archive (wheels too) for reading from its start.

    Raises UserError if the archive is damaged or missing, or the member is absent, no regular file, or
    larger than 64 GiB.
    """
    if not archive.is_file():
        raise UserError(f"{archive} is missing; run again to fetch it")
    with report_damage(str(archive)), archive.open("rb") as stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic == ZIP_MAGIC:
            with zipfile.ZipFile(stream) as zipped, zipped.open(_find_in_zip(zipped, archive, member)) as content:
                yield content
        else:
            compression = next((name for start, name in COMPRESSIONS.items() if magic.startswith(start)), "")
            with tarfile.open(fileobj=decompress(stream, compression), mode="r|") as tarred:
                yield _extract_from_tar(tarred, archive, member)


def _find_in_zip(zipped: zipfile.ZipFile, archive: Path, member: str) -> zipfile.ZipInfo:
    if member not in zipped.NameToInfo:
        raise _no_member(archive, member, [info.filename for info in zipped.infolist() if not info.is_dir()])
    info = zipped.getinfo(member)
    mode = stat.S_IFMT(info.external_attr >> 16)
    _check_member(archive, member, not info.is_dir() and mode in (0, stat.S_IFREG), info.file_size)
    return info


def _extract_from_tar(tarred: tarfile.TarFile, archive: Path, member: str) -> IO[bytes]:
    names = []
    for entry in tarred:
        if entry.name == member:
            _check_member(archive, member, entry.isreg(), entry.size)
            content = tarred.extractfile(entry)
            assert content is not None  # a regular file has content
            return content
        if entry.isreg():
            names.append(entry.name)
    raise _no_member(archive, member, names)


def _check_member(archive: Path, member: str, is_regular: bool, size_bytes: int) -> None:
    if not is_regular:
        raise UserError(f"{member} in {archive} is a link or a folder, not a file; name a file as `member`")
    if size_bytes > MAX_MEMBER_BYTES:
        raise UserError(f"{member} in {archive} holds {size_bytes} bytes, more than the {MAX_MEMBER_BYTES} allowed")


def _no_member(archive: Path, member: str, names: list[str]) -> UserError:
    base = Path(member).name
    near = [name for name in names if Path(name).name == base]
    near += [name for name in get_close_matches(member, names, NEAR_NAMES, cutoff=0.4) if name not in near]
    listed = ", ".join((near or sorted(names))[:NEAR_NAMES]) or "no file at all"
    return UserError(f"{archive} has no member {member!r}; it has {listed}; correct `member`")
