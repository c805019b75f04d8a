"""Real processes that tests start: waiting for what they say, and seeing that none is left."""

import time
from pathlib import Path

LIMIT_S = 60.0


def wait_for(log: Path, text: str, times: int = 1) -> None:
    """Wait until a file holds a text so often."""
    deadline = time.monotonic() + LIMIT_S
    while not log.exists() or log.read_text().count(text) < times:
        assert time.monotonic() < deadline, f"{log} does not say {text!r} {times} times"
        time.sleep(0.02)


def living(text: str) -> list[int]:
    """Return the processes whose command line holds a text."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _mentions(entry, text)]


def wait_until_gone(text: str) -> None:
    """Wait until no process's command line holds a text."""
    deadline = time.monotonic() + LIMIT_S
    while left := living(text):
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.02)


def _mentions(entry: Path, text: str) -> bool:
    try:
        return text.encode() in (entry / "cmdline").read_bytes()
    except OSError:
        return False
