"""pjhold and pjrls: a waiting job is held back, or one that may run again is taken from its nodes; and released."""

from emulators.pjm.command import Answer, job_ids, message
from emulators.pjm.pjdel import parse
from emulators.pjm.store import Row, Store

RUNNING = ("RNA", "RUN")


def answer(store: Store, program: str, words: list[str], answer: Answer) -> None:
    """Hold or release jobs."""
    _, ids = parse(program, words)
    for job_id, named in list(job_ids(program, ids)):
        with store:
            job = store.job(job_id)
            refusal = _refusal(program, job, job_id)
            if refusal is None:
                store.update(job_id, hold_wanted=int(program == "pjhold"))
        if refusal is None:
            store.wake(job_id)
            said = f"Accepted job {job_id}." if program == "pjhold" else f"Job {job_id} released."
            answer.out.append(message(program, 0, said, "[INFO]"))
        elif named:
            answer.errors.append(message(program, *refusal))


def _refusal(program: str, job: Row | None, job_id: int) -> tuple[int, str] | None:
    if job is None or job["hidden"]:
        return 12, f"Job {job_id} does not exist."
    if program == "pjrls":
        return None if job["state"] == "HLD" else (13, f"Job {job_id} status is not hold.")
    if job["state"] == "QUE" or (job["state"] in RUNNING and not job["norestart"]):
        return None
    return 13, f"Job {job_id} is not in the state that pjhold can be accepted."
