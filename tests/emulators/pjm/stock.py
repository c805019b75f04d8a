"""pjstat as Fujitsu's manual has it: plain, with -v, with --choose, and each of them as --data."""

import re
import time
from collections.abc import Callable
from typing import Any

from emulators.pjm.command import RefusedError, message
from emulators.pjm.store import Row, Store

NAME_LENGTH, REASON_LENGTH, USER_LENGTH = 10, 16, 8
PLAIN = ("jid", "jnam", "jmdl", "st", "usr", "sdt", "elpl", "nnumr", "vnnuma", "vcnuma", "vmema")
VERBOSE = (
    *("jid", "jnam", "jmdl", "st", "usr", "grp", "sdt", "elp", "elpl", "nnumr", "vnnuma", "vcnuma", "vmema", "vpol"),
    *("epol", "rankm", "lst", "ec", "pc", "sn", "pri", "adt", "rscg", "ermsg"),
)
NOT_STARTED = ("ACC", "QUE", "HLD", "RNA")

Columns = dict[str, tuple[str, int, Callable[[Row], Any]]]


def print_jobs(store: Store, jobs: list[Row], options: dict[str, str]) -> list[str]:
    """Return the lines; the header is there even if no job is."""
    columns = _columns(store)
    chosen = _chosen(options, columns)
    for condition in _conditions(options.get("--filter", "")):
        jobs = [job for job in jobs if _meets(job, condition, columns)]
    headers = [columns[item][0] for item in chosen]
    rows = [[str(columns[item][2](job)) for item in chosen] for job in jobs]
    if "--data" in options:
        return _as_data(headers, rows, options.get("--delimiter", ","))
    widths = [columns[item][1] for item in chosen]
    return [" ".join(map(str.ljust, cells, widths)).rstrip() for cells in (headers, *rows)]


def clock(seconds: float) -> str:
    """Return a duration as hhhh:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600:04}:{whole // 60 % 60:02}:{whole % 60:02}"


def elapsed_s(store: Store, job: Row) -> float:
    """Return PJM's seconds since a job has started, at the rate of its time limit."""
    if job["started_at"] is None or job["state"] in NOT_STARTED:
        return 0.0
    return float((job["ended_at"] or time.time()) - job["started_at"]) / float(store.setting("elapse_scale"))


def _columns(store: Store) -> Columns:
    user = store.setting("user")[:USER_LENGTH]
    return {
        "jid": ("JOB_ID", 10, lambda job: job["id"]),
        "jnam": ("JOB_NAME", 10, lambda job: job["name"][:NAME_LENGTH]),
        "jmdl": ("MD", 2, lambda _job: "NM"),
        "st": ("ST", 3, lambda job: job["state"]),
        "usr": ("USER", 8, lambda _job: user),
        "grp": ("GROUP", 8, lambda job: job["gname"][:USER_LENGTH]),
        "sdt": ("START_DATE", 15, _start),
        "elp": ("ELAPSE_TIM", 10, lambda job: clock(elapsed_s(store, job))),
        "elpl": ("ELAPSE_LIM", 21, lambda job: clock(job["elapse_s"])),
        "nnumr": ("NODE_REQUIRE", 15, lambda job: job["nodes"] or "-"),
        "vnnuma": ("VNODE", 6, lambda _job: "-"),
        "vcnuma": ("CORE", 4, lambda _job: "-"),
        "vmema": ("V_MEM", 13, lambda _job: "-"),
        "vpol": ("V_POL", 5, lambda _job: "-"),
        "epol": ("E_POL", 5, lambda _job: "-"),
        "rankm": ("RANK", 9, lambda _job: "-"),
        "lst": ("LST", 3, lambda job: job["last_state"]),
        "ec": ("EC", 3, lambda job: job["exit_code"]),
        "pc": ("PC", 3, lambda job: job["pjm_code"]),
        "sn": ("SN", 2, lambda job: job["signal"]),
        "pri": ("PRI", 3, lambda _job: 127),
        "adt": ("ACCEPT", 14, lambda job: _date(job["accepted_at"])),
        "rscg": ("RSC_GRP", 8, lambda job: job["rscgrp"]),
        "ermsg": ("REASON", 16, lambda job: job["reason"][:REASON_LENGTH]),
    }


def _chosen(options: dict[str, str], columns: Columns) -> list[str]:
    """Return items; of one that is named twice the last place counts, and what is no item is left out."""
    if "--choose" not in options:
        return list(VERBOSE if "-v" in options else PLAIN)
    named = options["--choose"].split(",")
    return [item for place, item in enumerate(named) if item in columns and item not in named[place + 1 :]]


def _as_data(headers: list[str], rows: list[list[str]], delimiter: str) -> list[str]:
    """Return rows that begin with a delimiter, after a header that begins with H; as in the manual's one example."""
    place = headers.index("START_DATE") if "START_DATE" in headers else None
    for cells in rows:
        if place is not None and cells[place][0].isdigit():
            cells[place] = f" {cells[place]}"
    return [delimiter.join(("H", *headers)), *(delimiter.join(("", *cells)) for cells in rows)]


def _start(job: Row) -> str:
    if job["state"] == "ACC" or (job["started_at"] is None and job["ended_at"]):
        return "-"
    if job["state"] in NOT_STARTED or job["started_at"] is None:
        return time.strftime("(%m/%d %H:%M)", time.localtime())
    return _date(job["started_at"])


def _date(epoch: float) -> str:
    return time.strftime("%m/%d %H:%M:%S", time.localtime(epoch))


def _conditions(text: str) -> list[tuple[str, list[str]]]:
    """Return (item, values) of `item=a+b,item=c`; a backslash takes the meaning from + and the comma."""
    conditions = []
    for part in filter(None, re.split(r"(?<!\\),", text)):
        item, equals, values = part.partition("=")
        if not equals:
            raise RefusedError(message("pjstat", 4, f"Invalid option argument: --filter {text}."))
        conditions.append((item, re.split(r"(?<!\\)\+", values)))
    return conditions


def _meets(job: Row, condition: tuple[str, list[str]], columns: Columns) -> bool:
    item, values = condition
    if item not in columns:
        return False
    # What is looked for is the whole name; what is printed is a part of it.
    actual = job["name"] if item == "jnam" else str(columns[item][2](job))
    return any(_matches(actual, value) for value in values)


def _matches(actual: str, value: str) -> bool:
    bounds = re.fullmatch(r"(\d*)-(\d*)", value)
    if bounds and actual.isdigit():
        return int(bounds[1] or 0) <= int(actual) <= int(bounds[2] or actual)
    pattern = re.sub(r"(?<!\\)\*", ".*", value)
    return re.fullmatch(pattern, actual) is not None
