"""The table of the University of Tokyo's own `pjstat` on Wisteria/BDEC-01.

Its manual is not public; what is known are tables that users have published, and words that a public program reads.
A banner tells the next stop of the system, then come a header and rows, or `No unfinished job found.`; `-H` lists jobs
that are over. There are no exit codes and no PJM codes. Columns further right run into each other, and numbers stand
in parentheses for jobs that wait, so only the first three are read: id, name, state. CANCEL, HOLD and ERROR are words
of that public program; REJECT is a guess. Whether ids may be given is not known, so the whole table is asked for, and
rows of other jobs are not judged at all: the user may have jobs of any name.

A listing of live jobs without rows would say so in words, so a header alone is an answer that was cut short.
"""

import re
from collections.abc import Sequence
from functools import partial

from snakemake_executor_plugin_pjm.dialects.question import JOB_ID, Question, Statuses, concerns, lines_of
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

PHASES = {
    "QUEUED": Phase.QUEUED,
    "RUNNING": Phase.RUNNING,
    "HOLD": Phase.HELD,
    "ERROR": Phase.STUCK,
    "END": Phase.ENDED,
    "CANCEL": Phase.CANCELLED,
    "REJECT": Phase.REJECTED,
}
WORD = re.compile(r"[A-Z]{2,12}")
NOTHING = re.compile(r"No .*jobs? found\.?\s*")


def live(ids: Sequence[str]) -> Question:
    """Ask about jobs that are not over."""
    return Question(("pjstat",), partial(read, ids=frozenset(ids), rows_expected=True))


def history(ids: Sequence[str]) -> Question:
    """Ask about jobs that are over."""
    return Question(("pjstat", "-H"), partial(read, ids=frozenset(ids), rows_expected=False))


def read(answer: str, ids: frozenset[str], *, rows_expected: bool) -> Statuses:
    """Return the jobs of an answer, of given ids or all. Raises StatusUnknown if it is cut short or garbled."""
    table = [line.split() for line in _below_header(lines_of(answer))]
    rows = [words for words in table if JOB_ID.fullmatch(words[0])]
    if rows_expected and table and not rows:
        raise StatusUnknown("pjstat's table has a header and no rows")
    ours = [words for words in rows if concerns(words[0], ids) and _is_whole(words, named=bool(ids))]
    return {words[0]: _status(words) for words in ours}


def _below_header(lines: list[str]) -> list[str]:
    """Return the lines from the header on, or none if the answer says in words that there are no jobs."""
    for number, line in enumerate(lines):
        if line.split()[:3] == ["JOB_ID", "JOB_NAME", "STATUS"]:
            return lines[number:]
    if any(NOTHING.fullmatch(line) for line in lines):
        return []
    raise StatusUnknown(f"pjstat printed no table and not that there are no jobs, but {' / '.join(lines)[:200]!r}")


def _is_whole(words: list[str], *, named: bool) -> bool:
    """Whether a row has a state where it belongs. Raises StatusUnknown if a job that was named has none there."""
    if len(words) > 2 and WORD.fullmatch(words[2]):
        return True
    if named:
        raise StatusUnknown(f"pjstat's row has no state in its third column: {' '.join(words)!r}")
    return False


def _status(words: list[str]) -> JobStatus:
    job_id, name, word = words[:3]
    return JobStatus(job_id, name, word, PHASES.get(word, Phase.UNKNOWN))
