"""Files that one process writes at a time.

The lock (flock) ends with its holder, however that ends. It holds between processes of one machine, and between
machines where the file system says so.
"""

import errno
import fcntl
import io
import os
import sys
from pathlib import Path

LOCKS_UNKNOWN = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


def open_alone(path: Path, *, wait: bool = False) -> io.FileIO:
    """Open a file for reading and writing, made empty if it is not there, when no other process has it open so.

    Without `wait` raises BlockingIOError if another process has it. On a file system without locks prints a notice.
    """
    while True:
        stream = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
        try:
            _lock(stream, path, wait=wait)
        except BaseException:
            stream.close()
            raise
        if is_at(path, stream):
            return stream
        stream.close()  # its writer has renamed or removed it since it was opened


def is_at(path: Path, stream: io.FileIO) -> bool:
    """Return whether an open file is still the one at this path."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(stream: io.FileIO, path: Path, *, wait: bool) -> None:
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise
        _tell(f"{path}: another process writes this file; waiting for it")
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in LOCKS_UNKNOWN:
            raise
        _tell(f"{path}: no locks on this filesystem ({error.strerror}); write it from one place at a time")


def _tell(notice: str) -> None:
    print(notice, file=sys.stderr, flush=True)
