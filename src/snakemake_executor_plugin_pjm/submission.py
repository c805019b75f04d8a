"""What pjsub printed, kept in the submission's folder so that no id is ever lost, and whether a pjsub is still at it.

pjsub writes straight into files. The one for its output is locked by an open file that pjsub inherits: the lock
lasts as long as pjsub does, also when the Snakemake that started it was killed. Where a file system has no such locks
(Lustre without `flock`, older NFS), a pjsub that outlived its Snakemake can't be told from one that ended; then only
the job script's own claim on the folder sees to it that no two jobs run.
"""

import contextlib
import errno
import fcntl
import re
from collections.abc import Iterator
from typing import IO

from snakemake_executor_plugin_pjm.job_folder import JobFolder

SUBMITTED = re.compile(r"\bJob (\d+(?:_\d+|\[.*?\])?) submitted")
"""The one match by words: the id of a job is told in no other way. The manual has it after [INFO] and after [INFO.]."""
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


class UnderWayError(Exception):
    """Another pjsub for the same folder has not ended."""


@contextlib.contextmanager
def locked_output(folder: JobFolder) -> Iterator[IO[bytes]]:
    """Open the file for pjsub's output, as it is. Raises UnderWayError while another pjsub has it, OSError."""
    with folder.submission_output.open("a+b") as output:
        if not _lock(output):
            raise UnderWayError
        yield output


def submission_under_way(folder: JobFolder) -> bool:
    """Whether a pjsub for this folder is still alive, possibly one that an earlier, killed Snakemake had started."""
    try:
        # Some file systems lock only files that are open for writing.
        with folder.submission_output.open("r+b") as output:
            return not _lock(output)
    except FileNotFoundError:
        return False


def read_submission(folder: JobFolder) -> str | None:
    """Return the id of the job that pjsub submitted, or None if it named none (yet)."""
    return find_id(read_printed(folder))


def find_id(printed: str) -> str | None:
    """Return the id of the job that pjsub submitted by what it printed, or None."""
    match = SUBMITTED.search(printed)
    return match[1] if match else None


def read_printed(folder: JobFolder) -> str:
    """Return what pjsub printed: errors, then output, since some sites' wrappers mix up the two."""
    return "\n".join(
        _text(path.read_bytes()) for path in (folder.submission_errors, folder.submission_output) if path.exists()
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True
