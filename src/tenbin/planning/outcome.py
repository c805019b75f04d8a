"""What a user reads last when a job failed: the jobs' own error lines, without the noise around."""

import errno
import shutil
import sys
from pathlib import Path

from tenbin.errors import DISK_ADVICE, PREFIX

SMALLEST_FREE_BYTES = 1 << 16


def repeat_errors(logs: str, since: float) -> None:
    """Print the error lines of logs that changed since a time (seconds since the epoch).

    A job that filled the disk may have had no room for its last line either; then that is said here.
    """
    lines = [f"{line} (log: {path})" for path in _changed(Path(logs), since) for line in _error_lines(path)]
    if not lines and Path(logs).is_dir() and shutil.disk_usage(logs).free < SMALLEST_FREE_BYTES:
        lines = [f"{PREFIX}No space left on device ({logs}): {DISK_ADVICE[errno.ENOSPC]}, then start again"]
    for line in lines:
        print(line, file=sys.stderr)


def _changed(logs: Path, since: float) -> list[Path]:
    return sorted(path for path in logs.rglob("*.log") if path.stat().st_mtime >= since)


def _error_lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.startswith(PREFIX)]
