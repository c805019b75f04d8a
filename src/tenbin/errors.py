"""User errors as part of the interface: what is wrong, where, and what to do.

Every command of `scripts/` runs inside `command`, so that a mistake of the user ends in one line
and exit status 1. A traceback is left for what is really a defect of this program.
"""

import errno
import sys
from collections.abc import Callable
from typing import NoReturn

PREFIX = "tenbin: error: "


class UserError(Exception):
    """A mistake that the user can mend; the message says what, where and what to do."""


def fail(message: str) -> NoReturn:
    """Print one error line on stderr and leave with status 1."""
    print(PREFIX + " ".join(message.split()), file=sys.stderr, flush=True)
    sys.exit(1)


def command(main: Callable[[], None]) -> None:
    """Run a command-line program; user errors and a failing disk become one line, not a traceback."""
    try:
        main()
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if error.errno not in DISK_ADVICE:
            raise
        place = f" ({error.filename})" if error.filename else ""
        fail(f"{error.strerror}{place}: {DISK_ADVICE[error.errno]}, then start again; finished work is kept")


DISK_ADVICE = {
    errno.ENOSPC: "free disk space",
    errno.EDQUOT: "free disk space or ask for a larger quota",
    errno.EROFS: "the folder is read-only; make it writable or choose another place",
    errno.EISDIR: "a folder has the name that a file is to get; choose another",
    errno.EACCES: "check who owns this file or folder and its permissions",
}
