"""Files that are whole or absent, and know their own checksum.

A reader never sees half a file: everything is written beside its final name, flushed to disk and
renamed. Every JSON document is sealed with the SHA-256 of its own canonical rest; every other file
has its SHA-256 and size in the JSON beside it, and the next stage verifies what it reads.
"""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenbin.errors import UserError

HASH_CHUNK_BYTES = 1 << 22
# Hashing costs about a second a gigabyte. Larger files are checked by size at every stage.
HASHED_BYTES_LIMIT = 1 << 30
SEAL = "sha256"


def canonical_json(value: Any) -> bytes:
    """Return the one spelling of a JSON value: sorted keys, no blanks, UTF-8, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 (hex) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it into place, or remove it if the body fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    try:
        yield partial
        _flush_to_disk(partial)
        partial.replace(path)
        _flush_to_disk(path.parent)
    finally:
        _remove(partial)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it into place, replacing what was there."""
    partial = _partial(path)
    partial.mkdir(parents=True)
    try:
        yield partial
        for child in partial.rglob("*"):
            _flush_to_disk(child)
        _remove(path)
        partial.replace(path)
        _flush_to_disk(path.parent)
    finally:
        _remove(partial)


def _partial(path: Path) -> Path:
    # Two hosts may have processes of one number and share this folder.
    return path.parent / f".{path.name}.{platform.node()}.{os.getpid()}.partial"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with atomic_path(path) as partial:
        partial.write_bytes(content)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object, sealed with the SHA-256 of its canonical rest under the key `sha256`."""
    assert SEAL not in value, "the seal would overwrite this key"
    sealed = {**value, SEAL: sha256_json(value)}
    text = json.dumps(sealed, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a sealed JSON object and return it without its seal.

    Raises UserError if the file is no JSON object or does not match its own seal.
    """
    value = _parse_object(path)
    seal = value.pop(SEAL, None)
    if seal != sha256_json(value):
        raise UserError(f"{path} is damaged: its content does not match its own sha256; delete it and run again")
    return value


def seal_of(path: Path) -> str:
    """Return the verified seal of a JSON file: the identity other files refer to it by."""
    return sha256_json(read_json(path))


def record_file(path: Path) -> dict[str, Any]:
    """Return the entry that describes a file in the JSON beside it: name, bytes and SHA-256."""
    return {"file": path.name, "size_bytes": path.stat().st_size, "sha256": sha256_file(path)}


def verify_file(path: Path, record: dict[str, Any]) -> None:
    """Check a file against its record: the size always, the SHA-256 up to 1 GiB.

    Raises UserError that names the file if it is missing, cut or changed.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; run again to make it")
    size = path.stat().st_size
    if size != record["size_bytes"]:
        raise UserError(f"{path} is damaged: {size} bytes, {record['size_bytes']} recorded; delete it and run again")
    if size <= HASHED_BYTES_LIMIT and sha256_file(path) != record["sha256"]:
        raise UserError(f"{path} is damaged: its sha256 is not the recorded one; delete it and run again")


def _parse_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run again to make it") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); delete it and run again") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} holds no JSON object; delete it and run again")
    return value


def _flush_to_disk(path: Path) -> None:
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
