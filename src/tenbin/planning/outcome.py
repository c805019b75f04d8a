"""What a user reads last when a job failed: the jobs' own error lines, without the noise around."""

import sys
from pathlib import Path

from tenbin.errors import PREFIX


def repeat_errors(logs: str, since: float) -> None:
    """Print the error lines of logs that changed since a time (seconds since the epoch)."""
    for path in sorted(Path(logs).rglob("*.log")):
        if path.stat().st_mtime < since:
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(PREFIX):
                print(f"{line} (log: {path})", file=sys.stderr)
