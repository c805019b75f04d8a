"""A measured process as its starter sees it: a line asks for a window, a line answers."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from settings import Setting, Work, spell

PROBE = Path(__file__).with_name("probe.py")
LONGEST_WORDS = 160

Record = dict[str, float]


class FailedError(Exception):
    """The process ended before its time; the message is its last line."""


class Measured:
    """A process of `probe.py` on cores of its own; it ends with the context at the latest."""

    def __init__(self, work: Work, setting: Setting, folder: Path, cores: list[int]) -> None:
        request = spell(work, setting, str(folder / f"{work.vocabulary}.npy"), cores)
        # Every contest compiles anew, for what compiling takes is told, too.
        compiled = {"TORCHINDUCTOR_CACHE_DIR": str(folder / "compiled")}
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 closed with the process
        self.process = subprocess.Popen(
            [sys.executable, str(PROBE), request],
            env=os.environ | compiled | {"OMP_NUM_THREADS": str(len(cores))},
            text=True,
            bufsize=1,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def ask(self) -> None:
        """Let it run a window."""
        self._send("go\n")

    def end(self) -> Record:
        """Let it end; return what it says of itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.answer()

    def answer(self) -> Record:
        """Return its next record. Raises FailedError if it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise FailedError(self._last_words())
        record: Record = json.loads(line)
        return record

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        # A line that a dead process never read fails once more when its pipe is closed.
        with self.errors, suppress(BrokenPipeError), self.process:
            self.process.kill()

    def _send(self, line: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line)
        except BrokenPipeError:
            raise FailedError(self._last_words()) from None

    def _last_words(self) -> str:
        self.process.wait()
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        # Compilers and launchers say more after the error itself.
        lines = [line for line in lines if "Error:" in line] or lines
        return lines[-1][:LONGEST_WORDS].replace("|", "/") if lines else f"ended with status {self.process.returncode}"
