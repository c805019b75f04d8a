"""What all emulated programs share: their count, their faults, where their words go, and how job ids are given."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emulators.pjm.faults import draw
from emulators.pjm.store import Store

FIRST_NUMBERS = {"pjsub": 0, "pjdel": 100, "pjstat": 200, "pjhold": 300, "pjrls": 400, "pjwait": 600}
"""PJM's messages have a hundred of their own for each program."""
FAULTS = ("slow", "hangs", "away", "refused", "loading", "truncated")
"""What can go wrong with any program; `loading` with pjstat only."""
HANGING_PAUSE_S = 0.2
LONGEST_RANGE = 10_000
STDOUT, STDERR = 1, 2


class RefusedError(Exception):
    """The program says so on stderr and ends with 1."""


class Answer:
    """What a program is about to print."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.errors: list[str] = []
        self.instead: Callable[[], None] | None = None
        """What happens instead of printing, if a fault says so."""


def message(program: str, number: int, text: str, kind: str = "[ERR.]") -> str:
    """Return one of PJM's numbered messages; `number` counts within the program's hundred."""
    return f"{kind} PJM {FIRST_NUMBERS[program] + number:04d} {program} {text}"


def with_hint(program: str, number: int, text: str) -> RefusedError:
    """Return a refusal of the kind that points to the program's help."""
    return RefusedError(f"{message(program, number, text)}\nTry `{program} --help` for more information.")


def unknown_option(program: str, option: str) -> RefusedError:
    """Return the refusal of an option."""
    return with_hint(program, 1, f"Unknown option or no option argument: {option}.")


def run(program: str, answer_to: Callable[[Store, str, list[str], Answer], None], words: list[str]) -> int:
    """Run a program to its end: print what it answers, with the faults that were ordered, and return its status."""
    store, answer = Store(Path(os.environ["PJM_EMULATOR"])), Answer()
    with store:
        store.query("INSERT INTO calls VALUES (?, ?)", program, time.time())
        faults = {kind: how for kind in FAULTS if (how := draw(store, f"{program}_{kind}"))}
    try:
        _meet_with(faults, store, program, answer)
        answer_to(store, program, words, answer)
    except RefusedError as refusal:
        answer.errors.append(str(refusal))
    if answer.instead:
        answer.instead()
    _print(STDOUT, answer.out, faults.get("truncated", {"keep": 1.0}).get("keep", 0.5))
    _print(STDERR, answer.errors)
    return 1 if answer.errors else 0


def hang(store: Store) -> None:
    """Stay until somebody kills this program, or the emulator ends."""
    while not store.setting("closing"):
        time.sleep(HANGING_PAUSE_S)
    os._exit(1)


def job_ids(program: str, words: list[str]) -> Iterator[tuple[int, bool]]:
    """Yield each job id, and whether it was named itself and not as one of a range."""
    for word in words:
        first, hyphen, last = word.partition("-")
        if not (first.isdigit() and (not hyphen or last.isdigit()) and int(last or first) - int(first) < LONGEST_RANGE):
            raise RefusedError(message(program, 11, f"Invalid jobid: {word}."))
        for number in range(int(first), int(last or first) + 1):
            yield number, not hyphen


def _meet_with(faults: dict[str, dict[str, Any]], store: Store, program: str, answer: Answer) -> None:
    if os.environ.get("PJM_JOBID"):
        place = "except login node and compute cluster management node."
        raise RefusedError(message(program, 93, f"The operating command cannot be executed {place}"))
    if "slow" in faults:
        time.sleep(faults["slow"]["seconds"])
    if "hangs" in faults:
        hang(store)
    if "away" in faults or store.setting("closing"):
        raise RefusedError(message(program, 90, "PJM daemon is not present."))
    if "refused" in faults:
        raise RefusedError(message(program, 70, "No execute permission."))
    if "loading" in faults:
        answer.out.append(message(program, 81, "Data loading...", "[INFO]"))


def _print(stream: int, lines: list[str], share: float = 1.0) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    data = data[: int(len(data) * share)]
    while data:
        data = data[os.write(stream, data) :]
