"""pjdel: accepts the wish to end jobs; their supervisors fulfil it later."""

from emulators.pjm.command import Answer, job_ids, message, unknown_option, with_hint
from emulators.pjm.store import ENDED, Store

WITHOUT_ARGUMENT = ("--enforce", "--no-stats", "--no-history", "--llio-flush")
NEEDS_ENFORCE = ("RNP", "RNE")
REFUSING = (*ENDED, "RNO")


def answer(store: Store, program: str, words: list[str], answer: Answer) -> None:
    """Wish an end to jobs."""
    options, ids = parse(program, words)
    numbers = list(job_ids(program, ids))
    for job_id, named in numbers:
        with store:
            word, number, text = _wish(store, job_id, options)
        if number == 0:
            store.wake(job_id)
        if word == "[INFO]":
            answer.out.append(message(program, number, text, word))
        elif named:
            answer.errors.append(message(program, number, text))


def parse(program: str, words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return options, and the words that are job ids. Raises RefusedError if there are none."""
    options: dict[str, str] = {}
    ids, waiting = [], list(words)
    while waiting:
        word = waiting.pop(0)
        if word in ("-R", "--reason") and waiting:
            options["reason"] = waiting.pop(0)
        elif word in WITHOUT_ARGUMENT:
            options[word] = ""
        elif word.startswith("-"):
            raise unknown_option(program, word)
        else:
            ids.append(word)
    if not ids:
        raise with_hint(program, 10, "No jobid(s) specified.")
    return options, ids


def _wish(store: Store, job_id: int, options: dict[str, str]) -> tuple[str, int, str]:
    job = store.job(job_id)
    if job is None or job["hidden"]:
        return "[ERR.]", 12, f"Job {job_id} does not exist."
    refusing = job["state"] in REFUSING or (job["state"] in NEEDS_ENFORCE and "--enforce" not in options)
    if refusing:
        return "[ERR.]", 13, f"Job {job_id} is not in the state that pjdel can be accepted."
    if job["delete_wanted"]:
        return "[INFO]", 19, f"Already accepted job {job_id}."
    enforce = int("--enforce" in options)
    store.update(job_id, delete_wanted=1, enforce=enforce, reason=options.get("reason", job["reason"]))
    return "[INFO]", 0, f"Accepted job {job_id}."
