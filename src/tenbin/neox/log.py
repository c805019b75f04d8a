"""The log of a run of GPT-NeoX: the lines that its rank 0 writes for us, and what it said last before it died.

GPT-NeoX prints a loss with 7 digits. The rank program writes a line of its own for each step, with every digit of a
float32, and one for each checkpoint that all ranks have written. Such a line is one JSON object behind a mark. It is
found wherever it stands: libraries and other ranks write into the same log, and may leave a line unfinished before it.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenbin.training.step import StepTaken

MARK = "tenbin-neox:"
NOISE = re.compile(r"torch/distributed|elastic|ChildFailedError|^\s*[-=~^]*\s*$|^\s*(time|host|rank|traceback)\s*:")
"""Lines of torch's launcher about ranks that failed."""
CAUSE = re.compile(r"^(?:\[rank\d+\]:\s*)?(tenbin: error: .+|[\w.]*(?:Error|Exception|Interrupt)\b.*)")
LAST_LINES = 3


class StepDone(StepTaken):
    """A step that all ranks have taken."""

    @property
    def is_finite(self) -> bool:
        """Return whether loss and gradient are numbers that training can go on with."""
        return math.isfinite(self.loss) and (self.gradient_norm is None or math.isfinite(self.gradient_norm))


@dataclass(frozen=True)
class StateSaved:
    """A checkpoint that all ranks have written."""

    step: int


Event = StepDone | StateSaved


def spell_event(event: Event) -> str:
    """Return an event as a line; a line that another process left unfinished stays apart from it."""
    kind = "step" if isinstance(event, StepDone) else "saved"
    return f"\n{MARK} {json.dumps({'event': kind} | vars(event))} \n"


def parse_event(line: str) -> Event | None:
    """Return the event that a whole line of a log tells of, if any; a damaged one is none."""
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    try:
        content, _ = json.JSONDecoder().raw_decode(text.lstrip())
        return _event(dict(content))
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


class LogReader:
    """Reads a growing log in pieces and hands out the events of its whole lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the events that `piece`, the next bytes of the log, completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            event = parse_event(line.decode(errors="replace"))
            if event:
                yield event


def last_words(text: str) -> str:
    """Return what a program that died said of the cause, or else its last lines."""
    lines = [line.strip() for line in text.splitlines() if not NOISE.search(line) and MARK not in line]
    causes = [match[1] for match in map(CAUSE.match, lines) if match]
    return causes[0] if causes else " / ".join(lines[-LAST_LINES:]) or "it said nothing"


def _event(content: dict[str, Any]) -> Event:
    kind = content.pop("event")
    if kind == "saved":
        return StateSaved(int(content["step"]))
    if kind != "step":
        raise ValueError(kind)
    return StepDone(
        step=int(content["step"]),
        loss=float(content["loss"]),
        gradient_norm=_number(content["gradient_norm"]),
        learning_rate=float(content["learning_rate"]),
        seconds=float(content["seconds"]),
        loss_scale=_number(content["loss_scale"]),
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
