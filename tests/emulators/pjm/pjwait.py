"""pjwait: PJM code, exit code and signal of jobs, at once or when they have ended."""

import time

from emulators.pjm.command import Answer, RefusedError, job_ids, message, unknown_option, with_hint
from emulators.pjm.store import ENDED, Row, Store

PAUSE_S = 0.1
MODES = ("all", "waitany", "waitnone")
LETTERS = {"ERR": "E", "HLD": "H"}


def answer(store: Store, program: str, words: list[str], answer: Answer) -> None:
    """Print one line a job, nothing for unknown and rejected ones."""
    if not store.setting("pjwait_allowed"):
        raise RefusedError(message(program, 70, "No execute permission."))
    mode, quiet, ids = _parse(program, words)
    numbers = [job_id for job_id, _ in job_ids(program, ids)]
    while not _over(mode, jobs := _known(store, numbers)) and not store.setting("closing"):
        time.sleep(PAUSE_S)
    if not quiet:
        answer.out += map(_line, jobs)


def _parse(program: str, words: list[str]) -> tuple[str, bool, list[str]]:
    mode, quiet, ids, waiting = "all", False, list[str](), list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "-w" and waiting:
            mode = waiting.pop(0)
        elif word == "-z":
            quiet = True
        elif word.startswith("-"):
            raise unknown_option(program, word)
        else:
            ids.append(word)
    if mode not in MODES:
        raise with_hint(program, 3, f"Unknown option argument: -w {mode}.")
    if not ids:
        raise with_hint(program, 10, "No jobid(s) specified.")
    return mode, quiet, ids


def _known(store: Store, numbers: list[int]) -> list[Row]:
    rows = [job for number in numbers if (job := store.job(number))]
    return [job for job in rows if not job["hidden"] and job["state"] != "RJT"]


def _over(mode: str, jobs: list[Row]) -> bool:
    at_rest = [job["state"] in ENDED or job["state"] in LETTERS for job in jobs]
    return mode == "waitnone" or all(at_rest) or (mode == "waitany" and any(at_rest))


def _line(job: Row) -> str:
    if job["state"] in ENDED:
        return f"{job['id']} {job['pjm_code']} {job['exit_code']} {job['signal'] or '-'}"
    return f"{job['id']} {LETTERS.get(job['state'], 'X')} - -"
