"""Files appended one after the other into one, without room for both on the disk.

The joined file grows in an undeclared partial file beside a ledger of what is in it. Each piece is compared
with its record while it is copied, flushed to disk and entered in the ledger before, on request, it is cut to
0 bytes (cut and not deleted: Snakemake would have a missing piece downloaded anew). A join that was
interrupted goes on from its ledger.

A whole file gets its final name as a second name (a hard link): when Snakemake was killed before it heard of the
end of the job, it deletes the job's outputs and has them made again, from pieces that are empty by then. The next
join finds the whole file under its first name. That name is dropped once a call of Snakemake has succeeded.
"""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tenbin.errors import UserError
from tenbin.files import HASH_CHUNK_BYTES, canonical_json, write_bytes
from tenbin.locking import open_alone

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

    def is_emptied(self) -> bool:
        """Return whether nothing is left of what it held."""
        return self.path.is_file() and not self.path.stat().st_size and self.record["size_bytes"] > 0


class JoinedFile:
    """A file that grows beside its final place until it is published."""

    def __init__(self, path: Path) -> None:
        self.partial = path.with_name(f".{path.stem}.joining{path.suffix}")
        """Where it grows."""
        self._path = path
        self._ledger = path.with_name(f".{path.stem}.joining.json")

    def append(self, pieces: Sequence[Piece], *, free: bool) -> None:
        """Append the pieces that are not in it yet; with `free` each is emptied once it is safe here.

        Waits for another process that appends to it: a job may go on when its Snakemake was killed. Raises UserError
        if a piece is missing, damaged, or empty without being in the ledger.
        """
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        with io.BufferedRandom(open_alone(self.partial, wait=True)) as joined:
            done = self._appended(pieces, joined)
            _refuse_emptied(pieces[len(done) :])
            if len(done) == len(pieces) or not self._is_published():
                self._append_after(done, pieces, joined, free=free)
                return
        self.settle()  # what is published here is of other pieces, and stays as it is
        self.append(pieces, free=free)

    def publish(self) -> None:
        """Give the file its final name. Last of all: Snakemake deletes the outputs of a job that fails."""
        os.utime(self.partial)  # newer than the last piece, which was emptied after it was read
        self._path.unlink(missing_ok=True)
        try:
            self._path.hardlink_to(self.partial)
        except OSError:
            # No hard links on this file system: where Snakemake then deletes the file, its pieces are made again.
            self.partial.replace(self._path)
            self._ledger.unlink()

    def settle(self) -> None:
        """Drop the first name of a file that has its final one. Not before Snakemake knows that it is made."""
        if self._is_published():
            self._ledger.unlink(missing_ok=True)
            self.partial.unlink()

    def _is_published(self) -> bool:
        return self.partial.is_file() and self._path.is_file() and self.partial.samefile(self._path)

    def _appended(self, pieces: Sequence[Piece], joined: BinaryIO) -> Ledger:
        """Return the entries of the first pieces, as far as the partial file holds them unharmed."""
        done: Ledger = []
        for entry, piece in zip(self._read_ledger(), pieces, strict=False):
            if entry != piece.entry() or _hash(joined, entry["size_bytes"]) != entry["sha256"]:
                break
            done.append(entry)
        return done

    def _read_ledger(self) -> Ledger:
        try:
            ledger: Ledger = json.loads(self._ledger.read_bytes())
        except (FileNotFoundError, ValueError):
            return []
        return ledger

    def _append_after(self, done: Ledger, pieces: Sequence[Piece], joined: BinaryIO, *, free: bool) -> None:
        end = sum(entry["size_bytes"] for entry in done)
        joined.truncate(end)  # what was written after the last entry is not to be trusted
        joined.seek(end)
        for piece in pieces[: len(done)]:
            _free(piece, free=free)  # a kill may have come between the ledger and this
        for piece in pieces[len(done) :]:
            copy_piece(piece, joined)
            done.append(piece.entry())
            write_bytes(self._ledger, canonical_json(done))
            _free(piece, free=free)


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


def _hash(stream: BinaryIO, size: int) -> str:
    """Return the SHA-256 (hex) of the next bytes of a stream, of fewer at its end."""
    digest = hashlib.sha256()
    while size and (chunk := stream.read(min(size, HASH_CHUNK_BYTES))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def _refuse_emptied(pieces: Sequence[Piece]) -> None:
    emptied = [piece for piece in pieces if piece.is_emptied()]
    if emptied:
        first, more = emptied[0], f", and {len(emptied) - 1} more" if len(emptied) > 1 else ""
        raise UserError(
            f"{first.path} is damaged: 0 bytes, {first.record['size_bytes']} recorded{more}: a join emptied what it "
            f"had copied, and its copy is gone or damaged; delete the empty files of {first.path.parent} and run again"
        )


def _free(piece: Piece, *, free: bool) -> None:
    if free and piece.path.is_file() and piece.path.stat().st_size:
        os.truncate(piece.path, 0)
