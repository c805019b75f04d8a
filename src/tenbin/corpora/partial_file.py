"""What has arrived of a file, kept beside its final place until the file is whole.

A download that is killed leaves `.NAME.partial`, the bytes up to where it stopped, and `.NAME.partial.json`,
which says what they are a part of. Neither is declared to Snakemake, which deletes the outputs of a job
that fails.

Its writer holds a lock (flock) on the partial file, so that a second one is refused. A download is a job of
one machine, where such a lock holds; between machines Snakemake's lock of the working folder keeps a second
study out. Where even that is got round, the checksum keeps a mixture from the final name.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenbin.corpora.retries import notice
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, write_json
from tenbin.locking import is_at, open_alone


class PartialFile:
    """The first bytes of a file, and a note of which file."""

    def __init__(self, out: Path, path: Path, stream: io.FileIO) -> None:
        self.path = path
        """Where the bytes are until the file is whole."""
        self._out, self._stream = out, stream
        self._note_path = path.with_name(f"{path.name}.json")
        self.size_bytes = stream.seek(0, os.SEEK_END)
        """Bytes that are here."""
        self.farthest_bytes = self.size_bytes
        """The most bytes that were ever here of the same file: starting over is no progress."""
        self._note = self._read_note()

    @property
    def validator(self) -> str:
        """Return the strong ETag of the answer that the bytes came in, or ""."""
        return str(self._note.get("validator", ""))

    def keep_only(self, origin: dict[str, Any]) -> None:
        """Drop the bytes unless they are noted to be of this very file."""
        if self.size_bytes and self._note.get("origin") != origin:
            notice(f"{self.path}: {self.size_bytes} bytes of another file, revision or version are dropped")
            self.drop()
            self.farthest_bytes = 0

    def begin(self, origin: dict[str, Any], validator: str) -> None:
        """Empty the file and note what the bytes to come are a part of."""
        self.drop()
        # On the disk before the note: a note must never vouch for bytes that were here before it.
        os.fsync(self._stream.fileno())
        self._note = {"origin": origin, "validator": validator}
        write_json(self._note_path, self._note)

    def append(self, chunk: bytes) -> None:
        """Hand bytes to the operating system at once: a kill after this loses none of them."""
        rest = memoryview(chunk)
        try:
            while rest:
                written = self._stream.write(rest) or 0
                self.size_bytes += written
                rest = rest[written:]
        except OSError as error:
            error.filename = str(self.path)  # an open file does not know its name
            raise
        self.farthest_bytes = max(self.farthest_bytes, self.size_bytes)

    def drop(self) -> None:
        """Empty the file."""
        self._stream.seek(0)
        self._stream.truncate()
        self.size_bytes, self._note = 0, {}

    def describe(self) -> dict[str, Any]:
        """Return the record of the file under its final name."""
        return record_file(self.path) | {"file": self._out.name}

    def publish(self) -> None:
        """Give the file its final name.

        Raises UserError if something else has removed or replaced it meanwhile.
        """
        if not is_at(self.path, self._stream):
            raise UserError(f"{self.path} was removed or replaced while it was written; start again")
        os.fsync(self._stream.fileno())
        self.path.replace(self._out)
        _flush_folder(self._out.parent)
        self._note_path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Flush what is kept to the disk; an empty file is not kept."""
        if not is_at(self.path, self._stream):
            return
        if self.size_bytes:
            os.fsync(self._stream.fileno())
        else:
            self.path.unlink()
            self._note_path.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, Any]:
        if not (self.size_bytes and self._note_path.is_file()):
            return {}
        try:
            return read_json(self._note_path)
        except UserError as error:
            notice(f"{error} (nothing to do: this download starts over)")
            return {}


@contextmanager
def open_partial(out: Path) -> Iterator[PartialFile]:
    """Open what has arrived of a file, for this process alone; what is not published is kept.

    Raises UserError if another process is writing it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.parent / f".{out.name}.partial"
    with _open_alone(path) as stream:
        partial = PartialFile(out, path, stream)
        try:
            yield partial
        finally:
            partial.leave()


def _open_alone(path: Path) -> io.FileIO:
    try:
        return open_alone(path)
    except BlockingIOError:
        raise UserError(f"another process is fetching this file (it holds {path}); wait for it, or end it") from None


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
