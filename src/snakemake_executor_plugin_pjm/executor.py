"""The executor: what Snakemake calls, and how the parts of this package serve it.

run_job hands jobs to a thread that runs pjsub (submitting.py); rounds of status commands find out what became of them
(watching.py); the ledger remembers them for a later call (ledger.py), which takes them up again (adoption.py).
"""

import asyncio
import shlex
import shutil
import sys
import time
import traceback
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.real import RealExecutor
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.workflow import WorkflowExecutorInterface

from snakemake_executor_plugin_pjm.adoption import Wanted, find_earlier
from snakemake_executor_plugin_pjm.cancelling import cancel
from snakemake_executor_plugin_pjm.commands import Pjm
from snakemake_executor_plugin_pjm.demand import is_decided
from snakemake_executor_plugin_pjm.identity import target_of, work_of
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.ledger import Ledger, Submission
from snakemake_executor_plugin_pjm.names import new_submission
from snakemake_executor_plugin_pjm.refusals import refusal_of, tell
from snakemake_executor_plugin_pjm.request import request_of
from snakemake_executor_plugin_pjm.script import render_script
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.submitting import Log, Submitter, note_id
from snakemake_executor_plugin_pjm.tracked import Registry, Stage, Tracked
from snakemake_executor_plugin_pjm.verdict import Kind
from snakemake_executor_plugin_pjm.watching import Watcher

FOLDER = Path(".snakemake") / "pjm"
WAKE_S = 0.2
"""How soon the thread that watches notices that there is nothing left to watch."""


class Executor(RemoteExecutor):
    """Runs Snakemake's jobs under Fujitsu's PJM."""

    workflow: Any  # the interface names only part of what it has

    def __init__(self, workflow: WorkflowExecutorInterface, logger: Any) -> None:
        self.log: Log = logger
        # The base class starts its watching thread in its own __init__: what that thread reads must be there before.
        self.registry = Registry()
        self.watcher: Watcher | None = None
        self.cancelled = False
        self._succeeded: dict[JobExecutorInterface, JobFolder] = {}
        super().__init__(workflow, logger)

    def __post_init__(self) -> None:
        """Take the ledger, refuse what PJM would refuse, and begin to hand over jobs."""
        try:
            self._begin()
        except WorkflowError as error:
            # Snakemake would print where in this package the error was raised, which is nothing to the user.
            self.log.error(str(error))
            sys.exit(1)

    def _begin(self) -> None:
        settings = self.workflow.executor_settings
        assert isinstance(settings, ExecutorSettings)
        self.settings = settings
        if self.workflow.remote_execution_settings.immediate_submit:
            raise WorkflowError("--immediate-submit: the executor pjm has to watch the jobs that it submits")
        self._refuse_early()
        self.folder = FOLDER.resolve()
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        self.ledger.open()
        self.pjm = Pjm(settings)
        self.submitter = Submitter(self.pjm, self.ledger, self.log, settings.min_poll_seconds, self.fail)
        self.watcher = Watcher(
            self.pjm,
            self.registry,
            self,
            self.log,
            gap_s=self._gap_s(),
            lost_after_s=settings.lost_after,
            latency_wait_s=self._latency_wait_s,
        )

    def _gap_s(self) -> float:
        asked: float = self.workflow.remote_execution_settings.seconds_between_status_checks
        return max(asked, self.settings.min_poll_seconds)

    def _latency_wait_s(self) -> float:
        return float(self.workflow.execution_settings.latency_wait)

    def _refuse_early(self) -> None:
        """Raise WorkflowError with all requests that the site would refuse, before the first job waits in a queue."""
        jobs = [job for job in self.workflow.dag.needrun_jobs() if not job.is_local and is_decided(job)]
        refusals = [refusal for job in jobs if (refusal := refusal_of(job, self.settings))]
        if refusals:
            raise WorkflowError(tell(refusals))

    # Handing over.

    def run_job(self, job: JobExecutorInterface) -> None:
        """Hand a job to PJM, or take up the one that an earlier call handed over for the same target."""
        try:
            wanted = self._wanted(job)
            tracked = self._take_up(job, wanted) or self._new(job, wanted)
        except (WorkflowError, OSError) as error:
            self.report_job_error(SubmittedJobInfo(job), msg=f"{error} ")
            return
        new = tracked.stage is Stage.WAITING
        self.registry.add(tracked)
        # Snakemake's mark of incomplete outputs: a job that an earlier call left may just be taking it away.
        self.report_job_submission(tracked.info, register_job=new)
        if new:
            self.submitter.put(tracked)

    def _take_up(self, job: JobExecutorInterface, wanted: Wanted) -> Tracked | None:
        earlier = find_earlier(self.ledger, self.folder, wanted)
        if earlier is None:
            return None
        tracked = self._tracked(job, wanted.work, earlier.submission)
        tracked.superseded = earlier.submission.work != tracked.work or not tracked.folder.script.exists()
        tracked.stage = Stage.UNSURE
        if earlier.job_id:
            tracked.handed_over(earlier.job_id)
        name = f"PJM's job {earlier.job_id or earlier.submission.name}"
        then = "ending it, for its code, inputs or parameters have changed" if tracked.superseded else "taking it up"
        self.log.info(f"An earlier call left {name} ({tracked.request.rule}): {then}.")
        return tracked

    def _wanted(self, job: JobExecutorInterface) -> Wanted:
        dag = self.workflow.dag_settings
        forced = bool(dag.forceall or dag.forcetargets or dag.forcerun)
        return Wanted(target_of(job), work_of(job), tuple(Path(path) for path in job.output), forced)

    def _new(self, job: JobExecutorInterface, wanted: Wanted) -> Tracked:
        tracked = self._tracked(job, wanted.work, new_submission(job.name, wanted.target, wanted.work))
        self._prepare(tracked)
        return tracked

    def _tracked(self, job: JobExecutorInterface, work: str, submission: Submission) -> Tracked:
        return Tracked(
            SubmittedJobInfo(job),
            request_of(job, submission.name, self.settings),
            self.format_job_exec(job),
            tuple(str(path) for path in job.get_wait_for_files()),
            work,
            submission,
            JobFolder(self.folder / submission.uuid),
        )

    def _prepare(self, tracked: Tracked) -> None:
        folder = tracked.folder
        folder.path.mkdir(parents=True)
        folder.inputs.write_text("".join(f"{path}\n" for path in tracked.inputs), encoding="utf-8")
        command = f"{tracked.command} --wait-for-files-file {shlex.quote(str(folder.inputs))}"
        script = render_script(tracked.request, folder, command, Path.cwd(), self.settings)
        folder.script.write_text(script, encoding="utf-8")
        self.ledger.intend(tracked.submission)

    def get_job_args(self, job: JobExecutorInterface, **kwargs: Any) -> str:
        """Return Snakemake's arguments for a job.

        The base class has every job wait for a temporary folder of this process; jobs must outlive it.
        """
        return str(RealExecutor.get_job_args(self, job, **kwargs))

    # Watching.

    async def check_active_jobs(  # type: ignore[override]  # the interface declares another kind of generator
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Run one round of status commands. The registry knows which jobs are active, whatever Snakemake believes."""
        if self.watcher and not self.cancelled and self.registry.all():
            await asyncio.to_thread(self._round, self.watcher)
        for tracked in self.registry.all():
            yield tracked.info

    def _round(self, watcher: Watcher) -> None:
        try:
            watcher.round()
        except Exception:  # the base class would drop every job of this round
            self.log.error(f"A fault of the executor pjm itself; its jobs stay watched.\n{traceback.format_exc()}")

    async def sleep(self) -> None:
        """Wait for the next round, or until Snakemake is done."""
        gap_s = self.watcher.gap_s if self.watcher else WAKE_S
        end = time.monotonic() + gap_s
        while self.wait and (left_s := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, WAKE_S))

    # What became of a job: called by the watcher and the submitter.

    def found(self, tracked: Tracked, job_id: str) -> None:
        """Note the id of a job that PJM turned out to have."""
        note_id(tracked, job_id, self.ledger, self.log)

    def submit(self, tracked: Tracked) -> None:
        """Hand over a job that PJM turned out not to have."""
        self.submitter.put(tracked)

    def succeed(self, tracked: Tracked) -> None:
        """Report success."""
        if self._close(tracked, "success"):
            self._succeeded[tracked.info.job] = tracked.folder
            self.report_job_success(tracked.info)

    def handle_job_success(self, job: JobExecutorInterface) -> None:
        """Forget a job once Snakemake has seen its outputs: without them, its log is the only trace."""
        super().handle_job_success(job)
        folder = self._succeeded.pop(job, None)
        if folder and not self.settings.keep_successful_logs:
            shutil.rmtree(folder.path, ignore_errors=True)

    def fail(self, tracked: Tracked, message: str) -> None:
        """Report failure with the job's own output."""
        if self._close(tracked, "failure"):
            self.report_job_error(tracked.info, msg=f"{message.rstrip('.')}.\n", aux_logs=self._logs(tracked))

    def again(self, tracked: Tracked, cause: Kind, message: str) -> None:
        """Submit a job again that is not to blame for its end, as often as the user allows; then it failed."""
        over_time = cause is Kind.out_of_time
        option = "time_limit_resubmits" if over_time else "node_fault_resubmits"
        done = tracked.submission.time_limits if over_time else tracked.submission.node_faults
        most: int = getattr(self.settings, option)
        if done >= most:
            self.fail(tracked, f"{message}. It was submitted again {done} times (--pjm-{option.replace('_', '-')}).")
        else:
            self._renew(tracked, cause.name, over_time=over_time, node_fault=not over_time)
            self.log.info(f"{message}. Submitting it again ({done + 1} of {most}).")

    def _close(self, tracked: Tracked, outcome: str) -> bool:
        """Record that a submission is over; return whether that is the end of Snakemake's job too."""
        if tracked.superseded:
            self._renew(tracked, outcome)
        elif not self.cancelled:
            self.ledger.ended(tracked.submission, outcome)
            self.registry.remove(tracked)
        return not tracked.superseded and not self.cancelled

    def _renew(self, tracked: Tracked, outcome: str, *, over_time: bool = False, node_fault: bool = False) -> None:
        """Replace a submission that is over; all that can fail comes first, so that the job stays watched."""
        if self.cancelled:
            return
        old = tracked.submission
        counts = {"time_limits": old.time_limits + over_time, "node_faults": old.node_faults + node_fault}
        submission = new_submission(old.rule, old.target, tracked.work, **counts)
        renewed = tracked.anew(submission, JobFolder(self.folder / submission.uuid))
        self._prepare(renewed)
        self.ledger.ended(old, outcome)
        self.registry.add(renewed)
        self.registry.remove(tracked)
        self.submitter.put(renewed)

    def _logs(self, tracked: Tracked) -> list[str]:
        candidates = [tracked.folder.log(tracked.job_id), tracked.folder.stats(tracked.job_id)]
        return [str(path) for path in candidates if path.exists()]

    # The end.

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End all jobs that PJM has of this call, not only those that Snakemake names: it forgets some."""
        self.cancelled = True
        if self.watcher:
            self.watcher.stopped = True
        self.submitter.stop()
        self.pjm.abort()
        jobs = [tracked for tracked in self.registry.all() if tracked.stage is not Stage.WAITING]
        if self.settings.detach_on_exit:
            self.log.info(f"{len(jobs)} jobs stay with PJM; the next call of Snakemake in this folder takes them up.")
            return
        over = cancel(jobs, self.pjm, self.log, self.settings.min_poll_seconds)
        for tracked in self.registry.all():
            if tracked.submission.uuid in over or tracked.stage is Stage.WAITING:
                self.ledger.ended(tracked.submission, "cancelled")

    def shutdown(self) -> None:
        """End the threads and leave the ledger to others."""
        self.submitter.stop()
        super().shutdown()  # type: ignore[no-untyped-call]
        self.ledger.close()
