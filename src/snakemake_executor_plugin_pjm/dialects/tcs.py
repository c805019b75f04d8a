"""`pjstat --data`, as Fujitsu documents it (Technical Computing Suite V4.0L20).

Documented: one header line that begins with `H,`, rows that begin with a comma; items chosen by `--choose`, printed in
the order asked for, headed as in the table of `pjstat -v`; items that a site has hidden are left out; ids that don't
exist are passed over in silence; `-H` lists jobs that are over, of the last three days. The manual prints one example
of `--data`, and none of `--data` together with `--choose`: that the two go together in this form is an assumption. So
columns are found by their headers, and every cell that decides anything must have its form.

REASON is free text and comes last, where its commas do no harm. JOB_NAME comes just before it: a comma in the name of
a job that is not ours then spoils nothing but that name.

An answer without any line counts as one without any job. Whether pjstat prints the header when it has nothing to list,
the manual does not say; refusing its answer then would stop the watch over jobs that are all over.
"""

from collections.abc import Sequence
from functools import partial

from snakemake_executor_plugin_pjm.dialects.question import JOB_ID, Question, Statuses, concerns, lines_of, number_of
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

ITEMS = "jid,st,ec,pc,sn,rscg,elp,jnam,ermsg"
PHASES = {
    "ACC": Phase.QUEUED,
    "QUE": Phase.QUEUED,
    "RNA": Phase.RUNNING,
    "RNP": Phase.RUNNING,
    "RUN": Phase.RUNNING,
    "RNE": Phase.RUNNING,
    "RNO": Phase.RUNNING,
    "SPP": Phase.RUNNING,
    "SPD": Phase.RUNNING,
    "RSM": Phase.RUNNING,
    "HLD": Phase.HELD,
    "ERR": Phase.STUCK,
    "EXT": Phase.ENDED,
    "CCL": Phase.CANCELLED,
    "RJT": Phase.REJECTED,
}
"""Accepted, queued, acquiring resources, prologue, running, epilogue, run out, suspending, suspended, resuming, held,
error, exited, cancelled, rejected."""


def live(ids: Sequence[str]) -> Question:
    """Ask about jobs that are not over."""
    return Question(("pjstat", "--data", "-v", "--choose", ITEMS, *ids), partial(read, ids=frozenset(ids)))


def history(ids: Sequence[str]) -> Question:
    """Ask about jobs that are over."""
    # An id right after -H could be taken for its value.
    return Question(("pjstat", "-H", "--data", "-v", "--choose", ITEMS, *ids), partial(read, ids=frozenset(ids)))


def read(answer: str, ids: frozenset[str]) -> Statuses:
    """Return the jobs of an answer, of given ids or all. Raises StatusUnknown if it is cut short or garbled."""
    found: Statuses = {}
    headers: list[str] = []
    for line in lines_of(answer):
        if line.startswith("H,"):
            headers = _headers(line)
        elif headers and line.startswith(","):
            cells = _cells(line, headers)
            if concerns(cells["JOB_ID"], ids):
                found[cells["JOB_ID"]] = _status(cells, line)
        else:
            raise StatusUnknown(f"pjstat printed {line!r} where a table was expected")
    return found


def _headers(line: str) -> list[str]:
    """In the manual's example the header line has a column without a name, which its row lacks."""
    headers = [cell.strip() for cell in line.split(",")[1:] if cell.strip()]
    if "JOB_ID" not in headers or "ST" not in headers:
        raise StatusUnknown(f"pjstat's header has no JOB_ID or no ST: {line!r}")
    return headers


def _cells(line: str, headers: list[str]) -> dict[str, str]:
    cells = [cell.strip() for cell in line[1:].split(",", len(headers) - 1)]
    if len(cells) < len(headers):
        raise StatusUnknown(f"pjstat's row has {len(cells)} cells of {len(headers)}: {line!r}")
    row = dict(zip(headers, cells, strict=True))
    if not JOB_ID.fullmatch(row["JOB_ID"]):
        raise StatusUnknown(f"{row['JOB_ID']!r} is no job id in pjstat's row {line!r}")
    return row


def _status(cells: dict[str, str], line: str) -> JobStatus:
    word, reason = cells["ST"], cells.get("REASON", "")
    if not (word.isascii() and word.isupper() and word.isalpha()):
        raise StatusUnknown(f"{word!r} is no state in pjstat's row {line!r}")
    exit_code, pjm_code, signal = (number_of(cells.get(header, ""), line) for header in ("EC", "PC", "SN"))
    return JobStatus(
        job_id=cells["JOB_ID"],
        name=cells.get("JOB_NAME", ""),
        word=word,
        phase=PHASES.get(word, Phase.UNKNOWN),
        pjm_code=pjm_code,
        exit_code=exit_code,
        signal=signal,
        reason="" if reason == "-" else reason,
        rscgrp=cells.get("RSC_GRP", ""),
        elapsed=cells.get("ELAPSE_TIM", ""),
    )
