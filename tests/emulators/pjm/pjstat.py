"""pjstat: which jobs are asked for; how they are printed is the business of the two dialects."""

import time

from emulators.pjm import stock, wrapper
from emulators.pjm.command import Answer, RefusedError, job_ids, message, unknown_option
from emulators.pjm.store import ENDED, Row, Store

DAY_S = 86_400.0
DEFAULT_DAYS = 3
DIALECTS = {"tcs": stock.print_jobs, "wisteria": wrapper.print_jobs}
VALUED = ("--choose", "--filter", "--delimiter")
FLAGS = ("-v", "--data")
STOCK_ONLY = (*VALUED, *FLAGS)
SAME = {"--history": "-H"}


def answer(store: Store, program: str, words: list[str], answer: Answer) -> None:
    """Print a list of jobs."""
    dialect = store.setting("dialect")
    options, ids = _parse(program, words)
    if dialect == "wisteria" and (unknown := [name for name in options if name in STOCK_ONLY]):
        raise unknown_option(program, unknown[0])
    jobs = _history(store, _days(program, options["-H"])) if "-H" in options else _unfinished(store)
    if ids:
        wanted = {number for number, _ in job_ids(program, ids)}
        jobs = [job for job in jobs if job["id"] in wanted]
    answer.out += DIALECTS[dialect](store, jobs, options)


def _parse(program: str, words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    ids, waiting = list[str](), list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if name in VALUED and (equals or waiting):
            options[name] = value if equals else waiting.pop(0)
        elif word in FLAGS:
            options[word] = ""
        elif word in ("-H", "--history"):
            options["-H"] = waiting.pop(0) if waiting[:1] and "=" in waiting[0] else ""
        elif word.startswith("-"):
            raise unknown_option(program, word)
        else:
            ids.append(word)
    return options, ids


def _days(program: str, text: str) -> int:
    if not text:
        return DEFAULT_DAYS
    name, _, value = text.partition("=")
    if name != "day" or not (value.isdigit() and 1 <= int(value) <= 365):
        raise RefusedError(message(program, 4, f"Invalid option argument: -H {text}."))
    return int(value)


def _unfinished(store: Store) -> list[Row]:
    return store.query(f"SELECT * FROM jobs WHERE state NOT IN {ENDED} AND hidden = 0 ORDER BY id")  # noqa: S608


def _history(store: Store, days: int) -> list[Row]:
    """Return finished jobs, those of the last seconds not: they are in no list for a while."""
    known_until = time.time() - store.setting("delays")["history"] * store.setting("clock")
    return store.query(
        "SELECT * FROM jobs WHERE hidden = 0 AND ended_at BETWEEN ? AND ? ORDER BY id",
        time.time() - days * DAY_S,
        known_until,
    )
