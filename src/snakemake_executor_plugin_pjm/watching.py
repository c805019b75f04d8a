"""Rounds of asking PJM about all jobs at once, and what becomes of each job by the answer.

A round is at most two status commands, whatever the number of jobs. While it is not known whether pjsub left a job
behind, every other round looks for it by name. An answer that cannot be had or read changes nothing: the next one is
asked for later and later.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from snakemake_executor_plugin_pjm.commands import Pjm, StatusUnknown, submission_under_way
from snakemake_executor_plugin_pjm.status import JobStatus
from snakemake_executor_plugin_pjm.submitting import Log
from snakemake_executor_plugin_pjm.tracked import Registry, Stage, Tracked
from snakemake_executor_plugin_pjm.verdict import Evidence, Kind, judge

LONGEST_GAP_S = 180.0
"""Between rounds, after many that failed."""
LOOKUPS = 4
"""Rounds that look in vain for a job's name, after which pjsub is taken to have left none. Should one turn up later
all the same, the job's script lets only one of the two run."""


class Outcomes(Protocol):
    """What a round may find out about a job; the executor acts on it."""

    def succeed(self, tracked: Tracked) -> None:
        """The job is done."""

    def fail(self, tracked: Tracked, message: str) -> None:
        """The job failed."""

    def again(self, tracked: Tracked, cause: Kind, message: str) -> None:
        """The job was cut short by its time limit or by a fault that is not its own."""

    def submit(self, tracked: Tracked) -> None:
        """The job was never handed over."""

    def found(self, tracked: Tracked, job_id: str) -> None:
        """The job has this id in PJM."""


class Watcher:
    """Asks PJM in rounds."""

    def __init__(
        self,
        pjm: Pjm,
        registry: Registry,
        outcomes: Outcomes,
        log: Log,
        *,
        gap_s: float,
        lost_after_s: float,
        latency_wait_s: Callable[[], float],
    ) -> None:
        self._pjm, self._registry, self._outcomes, self._log = pjm, registry, outcomes, log
        self._gap_s, self._lost_after_s, self._latency_wait_s = gap_s, lost_after_s, latency_wait_s
        self._failures = 0
        self._looked_up = False
        self.stopped = False

    @property
    def gap_s(self) -> float:
        """Seconds to the next round: doubled by each failure in a row."""
        return min(self._gap_s * 2.0 ** min(self._failures, 16), max(LONGEST_GAP_S, self._gap_s))

    def round(self) -> None:
        """Ask once about every job."""
        unsure = self._registry.at(Stage.UNSURE)
        submitted = self._registry.at(Stage.SUBMITTED)
        self._looked_up = bool(unsure) and not (self._looked_up and submitted)
        try:
            if self._looked_up:
                self._look_up(unsure)
            elif submitted:
                self._ask(submitted)
        except StatusUnknown as error:
            self._failures += 1
            if self._failures.bit_count() == 1 and not self.stopped:
                self._log.warning(f"PJM does not tell the state of jobs, asking again in {self.gap_s:.0f} s: {error}")
        else:
            if self._failures:
                self._log.info("PJM tells the state of jobs again.")
            self._failures = 0

    # Jobs whose ids are known.

    def _ask(self, submitted: list[Tracked]) -> None:
        for tracked in submitted:
            self._follow_claim(tracked)
        statuses = self._statuses(submitted)
        for tracked in submitted:
            self._settle(tracked, statuses.get(tracked.job_id))

    def _follow_claim(self, tracked: Tracked) -> None:
        """If pjsub was run twice for a folder, watch the job that runs: the other one leaves at once."""
        started = tracked.folder.read_started()
        if started and started.job_id != tracked.job_id:
            self._outcomes.found(tracked, started.job_id)

    def _statuses(self, submitted: list[Tracked]) -> Mapping[str, JobStatus]:
        statuses = self._pjm.live([tracked.job_id for tracked in submitted])
        # A job that has left the list and wrote that all went well needs no second command.
        gone = [tracked for tracked in submitted if tracked.job_id not in statuses]
        doubtful = [tracked.job_id for tracked in gone if tracked.folder.read_return_code() != 0]
        return {**statuses, **self._pjm.history(doubtful)} if doubtful else statuses

    def _settle(self, tracked: Tracked, status: JobStatus | None) -> None:
        verdict = judge(status, self._evidence(tracked, status))
        if verdict.warn and verdict.warn != tracked.warned:
            self._log.warning(verdict.warn)
            tracked.warned = verdict.warn
        # PJM's own account begins with the job's id.
        message = verdict.message if status else f"PJM's job {tracked.job_id}: {verdict.message}"
        if verdict.kind is Kind.active:
            self._end_superseded(tracked)
        elif verdict.kind is Kind.cancel_then_failure:
            self._condemn(tracked, status, message)
        else:
            self._conclude(tracked, verdict.kind, tracked.condemned or message)

    def _evidence(self, tracked: Tracked, status: JobStatus | None) -> Evidence:
        started, code = tracked.folder.read_started(), tracked.folder.read_return_code()
        limit_s = started.elapse_limit_s if started else None
        overdue = bool(code is None and started and limit_s and time.time() > started.start_epoch + limit_s)
        return Evidence(
            return_code=code,
            started=started is not None,
            time_limit=overdue or tracked.folder.time_limit.exists(),
            more_time=tracked.folder.more_time.exists(),
            absent_s=tracked.seconds("absent", status is None),
            ended_s=tracked.seconds("ended", status is not None and status.phase.is_over),
            latency_wait_s=self._latency_wait_s(),
            lost_after_s=self._lost_after_s,
        )

    def _end_superseded(self, tracked: Tracked) -> None:
        if tracked.superseded:
            self._pjm.delete([tracked.job_id])

    def _condemn(self, tracked: Tracked, status: JobStatus | None, message: str) -> None:
        """Have PJM end a job, and count it as failed once it is over: the one that is done anew must not meet it."""
        if tracked.condemned and status is None:
            self._outcomes.fail(tracked, tracked.condemned)
        elif not self._pjm.delete([tracked.job_id]).refused:
            tracked.condemned = message

    def _conclude(self, tracked: Tracked, kind: Kind, message: str) -> None:
        if kind is Kind.success:
            self._outcomes.succeed(tracked)
        elif kind in (Kind.out_of_time, Kind.node_fault):
            self._outcomes.again(tracked, kind, message)
        else:
            self._outcomes.fail(tracked, message)

    # Jobs of which it is not known whether PJM has them.

    def _look_up(self, unsure: list[Tracked]) -> None:
        ids = self._pjm.find_by_name([tracked.submission.name for tracked in unsure])
        for tracked in unsure:
            started = tracked.folder.read_started()
            job_id = started.job_id if started else ids.get(tracked.submission.name)
            if job_id:
                self._outcomes.found(tracked, job_id)
            elif not submission_under_way(tracked.folder):
                self._not_found(tracked)

    def _not_found(self, tracked: Tracked) -> None:
        tracked.lookups += 1
        if tracked.lookups >= LOOKUPS:
            tracked.lookups = 0
            self._outcomes.submit(tracked)
