"""`pjwait -w waitnone`: one line a job, `id PJM-code exit-code signal`, for jobs that are over and that are not.

Documented: the PJM code is X for a job that is not over, E and H for one in the states ERROR and HOLD; the others are
dashes then. Nothing is printed for jobs that are not known or were rejected. An exit code other than 0 can come with
the PJM code 0, and the other way round. How long ended jobs are known, and whether users may run it, is up to the site.
"""

from collections.abc import Sequence
from functools import partial

from snakemake_executor_plugin_pjm.dialects.question import JOB_ID, Question, Statuses, concerns, lines_of, number_of
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

PHASES = {"X": Phase.RUNNING, "H": Phase.HELD, "E": Phase.STUCK}
"""X does not tell a queued job from a running one."""
CELLS = 4


def live(ids: Sequence[str]) -> Question:
    """Ask about jobs, whether over or not."""
    return Question(("pjwait", "-w", "waitnone", *ids), partial(read, ids=frozenset(ids)))


def read(answer: str, ids: frozenset[str]) -> Statuses:
    """Return the jobs of an answer, of given ids or all. Raises StatusUnknown if it is cut short or garbled."""
    statuses = [_status(line) for line in lines_of(answer)]
    return {status.job_id: status for status in statuses if concerns(status.job_id, ids)}


def _status(line: str) -> JobStatus:
    cells = line.split()
    if len(cells) != CELLS or not JOB_ID.fullmatch(cells[0]):
        raise StatusUnknown(f"pjwait printed {line!r} instead of an id, a PJM code, an exit code and a signal")
    job_id, code, *others = cells
    if len(code) == 1 and not code.isdigit():
        return JobStatus(job_id, "", code, PHASES.get(code, Phase.UNKNOWN))
    pjm_code, exit_code, signal = (number_of(cell, line) for cell in (code, *others))
    return JobStatus(job_id, "", "ended", Phase.ENDED, pjm_code, exit_code, signal)
