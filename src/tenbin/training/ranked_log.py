"""The log of all ranks as their parent reads it: what to show while they run, and what ended them."""

import re
import signal
from pathlib import Path

from tenbin.errors import PREFIX, UserError

NOTICE = "tenbin: "
SHOWN_LINES = 5
OF_THE_LAUNCHER = "torch/distributed/elastic/"
"""In the first line that torch's launcher writes about a failure, below the ranks' own last words."""
FIRST_FAILURE = re.compile(r"Root Cause.*?rank\s*: (?P<rank>\d+).*?exitcode\s*: (?P<status>-?\d+)", re.DOTALL)


class RanksLog:
    """Reads a log while it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0

    def news(self) -> list[str]:
        """Return what the ranks noted since the last call, whole lines, without their errors and others' chatter."""
        return [line for line in self._new_lines() if line.startswith(NOTICE) and not line.startswith(PREFIX)]

    def _new_lines(self) -> list[str]:
        with self.path.open("rb") as stream:
            stream.seek(self._position)
            whole, end, _ = stream.read().rpartition(b"\n")
        self._position += len(whole) + len(end)
        return whole.decode(errors="replace").splitlines()

    def explain(self, status: int) -> UserError:
        """Return what ended the ranks: the last error they reported, or the last lines of the first that failed."""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        reported = [line for line in text.splitlines() if line.startswith(PREFIX)]
        if reported:
            return UserError(reported[-1].removeprefix(PREFIX))
        failure = FIRST_FAILURE.search(text)
        words = " | ".join(_last_words(text.splitlines(), failure and failure["rank"])) or "nothing"
        return UserError(
            f"{_describe_end(failure, status)}, and the job with it; the last lines before that: {words}; "
            f"see {self.path}; run again to go on from the last checkpoint"
        )


def _last_words(lines: list[str], rank: str | None) -> list[str]:
    """Return the last lines of a rank that it marked as its own, of all ranks if there are none."""
    end = next((place for place, line in enumerate(lines) if OF_THE_LAUNCHER in line), len(lines))
    before = [line.strip() for line in lines[:end] if line.strip() and not line.startswith(NOTICE)]
    marked = [line for line in before if line.startswith(f"[rank{rank}]")]
    return (marked or before)[-SHOWN_LINES:]


def _describe_end(failure: re.Match[str] | None, status: int) -> str:
    if failure is None:
        return f"the launcher of the training processes ended with status {status}"
    code = int(failure["status"])
    end = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"training process {failure['rank']} {end}"
