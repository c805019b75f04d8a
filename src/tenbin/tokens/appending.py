"""Files appended one after the other into one, without room for both on the disk.

The joined file grows in an undeclared partial file beside a ledger of what is in it. Each piece is compared
with its record while it is copied, flushed to disk and entered in the ledger before, on request, it is cut to
0 bytes (cut and not deleted: Snakemake would have a missing piece downloaded anew). A join that was
interrupted goes on from its ledger.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tenbin.errors import UserError
from tenbin.files import HASH_CHUNK_BYTES, canonical_json, write_bytes

Ledger = list[dict[str, Any]]


@dataclass(frozen=True)
class Piece:
    """A file to append."""

    path: Path
    """Where it is."""
    record: dict[str, Any]
    """Its entry (size_bytes, sha256) in the JSON beside it."""

    def entry(self) -> dict[str, Any]:
        """Return its line of the ledger."""
        return {"shard": self.path.name, "size_bytes": self.record["size_bytes"], "sha256": self.record["sha256"]}


class JoinedFile:
    """A file that grows beside its final place until it is published."""

    def __init__(self, path: Path) -> None:
        self.partial = path.with_name(f".{path.stem}.joining{path.suffix}")
        """Where it grows."""
        self._path = path
        self._ledger = path.with_name(f".{path.stem}.joining.json")

    def append(self, pieces: Sequence[Piece], *, free: bool) -> None:
        """Append the pieces that are not in it yet; with `free` each is emptied once it is safe here.

        Raises UserError if a piece is missing, damaged, or empty without being in the ledger.
        """
        done = self._read_ledger(pieces)
        end = sum(entry["size_bytes"] for entry in done)
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        with self.partial.open("r+b" if done else "wb") as joined:
            joined.truncate(end)  # what was written after the last entry is not to be trusted
            joined.seek(end)
            for piece in pieces[: len(done)]:
                _free(piece, free=free)  # a kill may have come between the ledger and this
            for piece in pieces[len(done) :]:
                copy_piece(piece, joined)
                done.append(piece.entry())
                write_bytes(self._ledger, canonical_json(done))
                _free(piece, free=free)

    def publish(self) -> None:
        """Give the file its final name. Last of all: Snakemake deletes the outputs of a job that fails."""
        self.partial.touch()  # newer than the last piece, which was emptied after it was read
        self.partial.replace(self._path)
        self._ledger.unlink()

    def _read_ledger(self, pieces: Sequence[Piece]) -> Ledger:
        """Return the entries of the pieces that the partial file holds; none if it is of other pieces."""
        if not (self._ledger.is_file() and self.partial.is_file()):
            return []
        done: Ledger = json.loads(self._ledger.read_bytes())
        of_these = done == [piece.entry() for piece in pieces[: len(done)]]
        whole = self.partial.stat().st_size >= sum(entry["size_bytes"] for entry in done)
        return done if of_these and whole else []


def copy_piece(piece: Piece, joined: BinaryIO) -> None:
    """Copy a piece and flush it to disk, comparing it with its record on the way.

    Raises UserError if it is missing, cut or changed; what was copied of it is then not to be trusted.
    """
    if not piece.path.is_file():
        raise UserError(f"{piece.path} is missing; run again to make it")
    size, recorded = piece.path.stat().st_size, piece.record["size_bytes"]
    if size != recorded:
        raise UserError(f"{piece.path} is damaged: {size} bytes, {recorded} recorded; delete it and run again")
    digest = hashlib.sha256()
    with piece.path.open("rb") as stream:
        while chunk := stream.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
            joined.write(chunk)
    if digest.hexdigest() != piece.record["sha256"]:
        raise UserError(f"{piece.path} is damaged: its sha256 is not the recorded one; delete it and run again")
    joined.flush()
    os.fsync(joined.fileno())


def _free(piece: Piece, *, free: bool) -> None:
    if free and piece.path.is_file() and piece.path.stat().st_size:
        os.truncate(piece.path, 0)
