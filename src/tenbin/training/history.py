"""A run's history: one JSON line a step, written live by each generation, and assembled exactly at the end."""

import json
import os
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.training.generations import Generation, lineage

HISTORY = "history.jsonl"

Line = dict[str, Any]


class HistoryWriter:
    """Appends lines to a generation's live history."""

    def __init__(self, generation: Generation) -> None:
        self._stream = (generation.folder / HISTORY).open("a", encoding="utf-8")

    def write(self, line: Line) -> None:
        """Append one step, visible to readers at once."""
        self._stream.write(json.dumps(line, allow_nan=False) + "\n")
        self._stream.flush()

    def sync(self) -> None:
        """Bring all lines to disk: a checkpoint must never be ahead of its history."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def assemble_history(run_folder: Path, generation: int, steps: int) -> list[Line]:
    """Return the lines of steps 1 ... `steps` that led to a generation's state at `steps`.

    Each generation gives the steps after its start. Raises UserError if a step is missing.
    """
    lines: dict[int, Line] = {}
    for member, last_step in lineage(run_folder, generation, steps):
        first_step = member.start.step + 1
        lines |= {n: line for n, line in _read(member.folder / HISTORY).items() if first_step <= n <= last_step}
    missing = sorted(set(range(1, steps + 1)) - set(lines))
    if missing:
        raise UserError(
            f"{run_folder}: the history of step {missing[0]} is missing ({len(missing)} of {steps} steps); "
            "remove this folder and the run's segments, and run again"
        )
    return [lines[step] for step in range(1, steps + 1)]


def _read(path: Path) -> dict[int, Line]:
    """Read whole lines; a last line that was cut when its writer died belongs to no checkpoint."""
    if not path.exists():
        return {}
    whole = path.read_bytes().split(b"\n")[:-1]
    return {line["step"]: line for line in map(json.loads, whole)}
