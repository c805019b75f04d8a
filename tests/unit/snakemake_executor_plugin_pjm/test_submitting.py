"""Handing over: in order, one at a time, patient with a full PJM, and never twice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pjm_jobs import Said, ScriptedPjm, tracked_job

from snakemake_executor_plugin_pjm.commands import Refused, TryLater, Unsure
from snakemake_executor_plugin_pjm.ledger import Ledger
from snakemake_executor_plugin_pjm.submitting import Submitter
from snakemake_executor_plugin_pjm.tracked import Stage, Tracked

FULL = TryLater("[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.")


class Line:
    """A submitter at work."""

    def __init__(self, root: Path, pjm: ScriptedPjm) -> None:
        self.pjm, self.said, self.failed = pjm, Said(), list[tuple[Tracked, str]]()
        self.ledger = Ledger(root / "ledger.jsonl")
        self.ledger.open()
        self.submitter = Submitter(
            pjm,  # type: ignore[arg-type]
            self.ledger,
            self.said,
            gap_s=0.01,
            fail=lambda tracked, message: self.failed.append((tracked, message)),
        )

    def put(self, job: Tracked) -> Tracked:
        self.ledger.intend(job.submission)
        self.submitter.put(job)
        return job

    def until(self, stage: Stage, job: Tracked) -> None:
        deadline = time.monotonic() + 10
        while job.stage is not stage and not self.failed:
            assert time.monotonic() < deadline, job.stage
            time.sleep(0.002)


@contextmanager
def line(root: Path, pjm: ScriptedPjm) -> Iterator[Line]:
    made = Line(root, pjm)
    yield made
    made.submitter.stop()


def test_jobs_go_over_in_order_and_their_ids_are_on_record(tmp_path: Path) -> None:
    with line(tmp_path, ScriptedPjm(submit=["1001", "1002", "1003"])) as at:
        jobs = [at.put(tracked_job(tmp_path)) for _ in range(3)]
        at.until(Stage.SUBMITTED, jobs[-1])
    assert [job.job_id for job in jobs] == ["1001", "1002", "1003"]
    assert [entry.job_id for entry in at.ledger.unfinished()] == ["1001", "1002", "1003"]


def test_a_full_pjm_is_asked_again_and_named_once(tmp_path: Path) -> None:
    with line(tmp_path, pjm := ScriptedPjm(submit=[FULL, FULL, FULL, "1001"])) as at:
        job = at.put(tracked_job(tmp_path))
        at.until(Stage.SUBMITTED, job)
        assert (job.job_id, pjm.count("submit"), at.failed) == ("1001", 4, [])
        assert sum("0072" in said for said in at.said.lines) == 1


def test_a_refusal_fails_the_job_alone(tmp_path: Path) -> None:
    with line(tmp_path, ScriptedPjm(submit=[Refused("[ERR.] PJM 0058 ..."), "1002"])) as at:
        refused, job = at.put(tracked_job(tmp_path)), at.put(tracked_job(tmp_path))
        deadline = time.monotonic() + 10
        while job.stage is not Stage.SUBMITTED and time.monotonic() < deadline:
            time.sleep(0.002)
        assert at.failed == [(refused, "[ERR.] PJM 0058 ...")]
        assert job.job_id == "1002"


def test_a_pjsub_that_did_not_say_is_not_run_again(tmp_path: Path) -> None:
    with line(tmp_path, pjm := ScriptedPjm(submit=[Unsure("timed out"), "1002"])) as at:
        job = at.put(tracked_job(tmp_path))
        at.until(Stage.UNSURE, job)
        time.sleep(0.1)
        assert (pjm.count("submit"), job.stage) == (1, Stage.UNSURE)


def test_a_fault_of_another_kind_leaves_thread_and_job_alive(tmp_path: Path) -> None:
    with line(tmp_path, ScriptedPjm(submit=[OSError(28, "No space left on device"), "1001"])) as at:
        job = at.put(tracked_job(tmp_path))
        at.until(Stage.SUBMITTED, job)
        assert "No space left" in at.said.lines[0]


def test_nothing_goes_over_after_stop(tmp_path: Path) -> None:
    at = Line(tmp_path, pjm := ScriptedPjm(submit=[FULL]))
    waiting = at.put(tracked_job(tmp_path))
    later = at.put(tracked_job(tmp_path))
    time.sleep(0.05)
    at.submitter.stop()
    asked = pjm.count("submit")
    time.sleep(0.1)
    assert (pjm.count("submit"), waiting.stage, later.stage) == (asked, Stage.WAITING, Stage.WAITING)
