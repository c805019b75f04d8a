"""Ending all jobs when Snakemake is interrupted, and saying what could not be ended."""

import time
from collections.abc import Collection

from snakemake_executor_plugin_pjm.commands import Pjm, StatusUnknown
from snakemake_executor_plugin_pjm.submitting import Log
from snakemake_executor_plugin_pjm.tracked import Tracked

PATIENCE_S = 60.0
"""pjdel only notes a wish; a job's end may take this long."""
LONGEST_LOOK_GAP_S = 5.0


def cancel(jobs: list[Tracked], pjm: Pjm, log: Log, gap_s: float) -> set[str]:
    """End jobs that PJM may have, and return the uuids of those that are over for certain."""
    _find_unsure(jobs, pjm, log)
    known = {tracked.job_id: tracked for tracked in jobs if tracked.info.external_jobid}
    if known:
        log.info(f"Asking PJM to end {len(known)} jobs: {' '.join(known)}")
    left = _end(known.keys(), pjm, log, min(gap_s, LONGEST_LOOK_GAP_S))
    if left:
        log.warning(
            f"PJM still has jobs {' '.join(sorted(left))} after {PATIENCE_S:.0f} s. See `pjstat`, and end them by "
            f"`pjdel {' '.join(sorted(left))}`; the next call of Snakemake in this folder takes them up."
        )
    return {tracked.submission.uuid for job_id, tracked in known.items() if job_id not in left}


def _find_unsure(jobs: list[Tracked], pjm: Pjm, log: Log) -> None:
    unsure = [tracked for tracked in jobs if not tracked.info.external_jobid]
    if not unsure:
        return
    try:
        ids = pjm.find_by_name([tracked.submission.name for tracked in unsure])
    except StatusUnknown as error:
        names = " ".join(tracked.submission.name for tracked in unsure)
        log.warning(f"Cannot tell whether PJM has jobs named {names}; see `pjstat`: {error}")
        return
    for tracked in unsure:
        if job_id := ids.get(tracked.submission.name):
            tracked.handed_over(job_id)


def _end(ids: Collection[str], pjm: Pjm, log: Log, gap_s: float) -> set[str]:
    """Ask PJM to end jobs until it lists none of them as alive, or patience is over; return those left."""
    left, deadline = set(ids), time.monotonic() + PATIENCE_S
    while left:
        outcome = pjm.delete(sorted(left))
        left = _living(left, pjm)
        if not left or time.monotonic() > deadline:
            break
        log.info(f"Waiting for PJM to end {len(left)} jobs." + (f" {outcome}" if outcome.refused else ""))
        time.sleep(gap_s)
    return left


def _living(ids: set[str], pjm: Pjm) -> set[str]:
    try:
        statuses = pjm.live(sorted(ids))
    except StatusUnknown:
        return ids
    return {job_id for job_id, status in statuses.items() if not status.phase.is_over}
