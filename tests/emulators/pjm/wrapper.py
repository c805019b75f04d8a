"""pjstat of Wisteria: a wrapper of the site, known from what its users published; see README.md for what is assumed."""

import time

from emulators.pjm.stock import NAME_LENGTH, elapsed_s
from emulators.pjm.store import Row, Store

WORDS = {
    **dict.fromkeys(("ACC", "QUE"), "QUEUED"),
    **dict.fromkeys(("RNA", "RNP", "RUN", "RNE", "RNO"), "RUNNING"),
    "EXT": "END",
    "CCL": "CANCEL",
    "RJT": "REJECT",
    "HLD": "HOLD",
    "ERR": "ERROR",
}
HEADER = (
    "JOB_ID       JOB_NAME   STATUS  PROJECT    RSCGROUP          START_DATE        ELAPSE           TOKEN"
    "           NODE  GPU"
)
TOKENS_PER_GPU_HOUR = 3.0
DAY_S, HOUR_S = 86_400, 3600


def print_jobs(store: Store, jobs: list[Row], options: dict[str, str]) -> list[str]:
    """Return the lines: a banner, then a list or the one sentence that stands for an empty one."""
    lines = [_banner(store.setting("scheduled_stop")), ""]
    if "-H" in options:
        return [*lines, HEADER, *(_past(store, job) for job in jobs)]
    if not jobs:
        return [*lines, "No unfinished job found."]
    return [*lines, HEADER, *(_present(store, job) for job in jobs)]


def _banner(stop_epoch: float) -> str:
    left_s = max(0, int(stop_epoch - time.time()))
    when = time.strftime("%Y/%m/%d(%a) %H:%M:%S", time.localtime(stop_epoch))
    remain = f"{left_s // DAY_S}days {left_s // 3600 % 24:02}:{left_s // 60 % 60:02}:{left_s % 60:02}"
    return f"Wisteria/BDEC-01 scheduled stop time: {when} (Remain: {remain})"


def _present(store: Store, job: Row) -> str:
    name, word = job["name"][:NAME_LENGTH], WORDS[job["state"]]
    nodes, gpus = _size(store, job)
    elapsed = elapsed_s(store, job)
    if word == "RUNNING" and job["started_at"]:
        start, tokens = f"{_date(job['started_at'])}<", f"{_tokens(elapsed, gpus):.1f}"
    else:
        start, tokens = _planned(), f"({_tokens(job['elapse_s'], gpus):.1f})"
    place = f"{job['gname']:<10} {job['queue']:<17} {start:<17}"
    return f"{job['id']:<12} {name:<10} {word:<7} {place} {_clock(elapsed)} {tokens:>13} {nodes:>14} {gpus:>4}"


def _past(store: Store, job: Row) -> str:
    """Return a row of the history, whose columns run into each other when they are full."""
    name, word = job["name"][:NAME_LENGTH], WORDS[job["state"]]
    start = _date(job["started_at"]) if job["started_at"] else "-"
    place = f"{job['gname']}{job['queue']} {start}"
    return f"{job['id']} {name} {word} {place}  {_clock(elapsed_s(store, job))} - {job['nodes'] or 1} -"


def _size(store: Store, job: Row) -> tuple[int, int]:
    nodes = job["nodes"] or 1
    return nodes, job["gpus"] or nodes * store.setting("gpus_per_node")


def _tokens(seconds: float, gpus: int) -> float:
    return seconds / HOUR_S * gpus * TOKENS_PER_GPU_HOUR


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _date(epoch: float) -> str:
    return time.strftime("%m/%d %H:%M:%S", time.localtime(epoch))


def _planned() -> str:
    return time.strftime("(%m/%d %H:%M)<", time.localtime())
