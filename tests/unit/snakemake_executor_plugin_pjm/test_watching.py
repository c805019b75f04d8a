"""Rounds: how many commands they take, and what they make of the answers."""

from pathlib import Path
from typing import Any

import pytest
from pjm_jobs import AWAY, Said, ScriptedPjm, over, running, tracked_job

from snakemake_executor_plugin_pjm.status import JobStatus, Phase
from snakemake_executor_plugin_pjm.tracked import Registry, Stage, Tracked
from snakemake_executor_plugin_pjm.verdict import Kind
from snakemake_executor_plugin_pjm.watching import LOOKUPS, Watcher

QUERIES = ("live", "history", "find_by_name")


class Round:
    """A watcher over some jobs, and what it reported."""

    def __init__(self, pjm: ScriptedPjm, *jobs: Tracked, gap_s: float = 30.0) -> None:
        self.pjm, self.said, self.registry = pjm, Said(), Registry()
        self.reported: list[tuple[Any, ...]] = []
        for job in jobs:
            self.registry.add(job)
        self.watcher = Watcher(
            pjm,  # type: ignore[arg-type]
            self.registry,
            self,
            self.said,
            gap_s=gap_s,
            lost_after_s=600.0,
            latency_wait_s=lambda: 0.0,
        )

    def __call__(self) -> list[tuple[Any, ...]]:
        self.reported.clear()
        self.watcher.round()
        return list(self.reported)

    def succeed(self, tracked: Tracked) -> None:
        self.reported.append(("succeed", tracked))

    def fail(self, tracked: Tracked, message: str) -> None:
        self.reported.append(("fail", tracked, message))

    def again(self, tracked: Tracked, cause: Kind, message: str) -> None:
        self.reported.append(("again", tracked, cause))

    def submit(self, tracked: Tracked) -> None:
        self.reported.append(("submit", tracked))

    def found(self, tracked: Tracked, job_id: str) -> None:
        tracked.handed_over(job_id)
        self.reported.append(("found", tracked, job_id))


@pytest.mark.parametrize("number", [1, 20, 200])
def test_a_round_takes_two_commands_at_most_whatever_the_number_of_jobs(tmp_path: Path, number: int) -> None:
    jobs = [tracked_job(tmp_path, str(1000 + n)) for n in range(number)]
    pjm = ScriptedPjm(live=[running(*(job.job_id for job in jobs[::2]))])
    assert Round(pjm, *jobs)() == []
    assert pjm.count(*QUERIES) <= 2
    assert pjm.asked[0] == ("live", tuple(job.job_id for job in jobs))


def test_a_job_that_went_well_needs_no_second_command(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    job.folder.return_code.write_text("0\n")
    watch = Round(pjm := ScriptedPjm(live=[{}]), job)
    assert watch() == [("succeed", job)]
    assert pjm.count(*QUERIES) == 1


def test_absence_is_no_success(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    assert Round(ScriptedPjm(live=[{}], history=[{}]), job)() == []


def test_pjms_account_overrules_a_return_code(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    job.folder.return_code.write_text("0\n")
    (outcome,) = Round(ScriptedPjm(live=[over("1001", exit_code=1, pjm_code=0)]), job)()
    assert outcome[0] == "fail"


def test_no_answer_changes_nothing_and_is_asked_for_later_and_later(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    watch = Round(ScriptedPjm(live=[AWAY, AWAY, AWAY, AWAY, running("1001")]), job)
    gaps = []
    for _ in range(5):
        assert watch() == []
        gaps.append(watch.watcher.gap_s)
    assert gaps == [60.0, 120.0, 180.0, 180.0, 30.0]
    assert sum("does not tell" in line for line in watch.said.lines) == 3
    assert "tells the state of jobs again" in watch.said.lines[-1]


def test_a_second_command_without_answer_settles_nothing_of_the_first(tmp_path: Path) -> None:
    done, gone = tracked_job(tmp_path, "1001"), tracked_job(tmp_path, "1002")
    done.folder.return_code.write_text("0\n")
    assert Round(ScriptedPjm(live=[{}], history=[AWAY]), done, gone)() == []


def test_the_job_that_took_the_folder_is_the_one_that_is_watched(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    job.folder.started.write_text("job_id=1002\nhost=n1\nstart_epoch=1\nelapse_limit_s=\n")
    watch = Round(pjm := ScriptedPjm(live=[running("1002")]), job)
    assert watch() == [("found", job, "1002")]
    assert pjm.asked[0] == ("live", ("1002",))


def test_an_unsure_job_is_found_by_its_name(tmp_path: Path) -> None:
    job = tracked_job(tmp_path)
    job.stage = Stage.UNSURE
    watch = Round(ScriptedPjm(find_by_name=[{job.submission.name: "1005"}]), job)
    assert watch() == [("found", job, "1005")]


def test_an_unsure_job_is_handed_over_again_after_some_vain_looks(tmp_path: Path) -> None:
    job = tracked_job(tmp_path)
    job.stage = Stage.UNSURE
    watch = Round(pjm := ScriptedPjm(find_by_name=[{}]), job)
    rounds = [watch() for _ in range(LOOKUPS)]
    assert rounds == [[]] * (LOOKUPS - 1) + [[("submit", job)]]
    assert pjm.count(*QUERIES) == LOOKUPS


def test_looking_for_names_takes_turns_with_asking_for_ids(tmp_path: Path) -> None:
    unsure, known = tracked_job(tmp_path), tracked_job(tmp_path, "1001")
    unsure.stage = Stage.UNSURE
    watch = Round(pjm := ScriptedPjm(live=[running("1001")]), unsure, known)
    for _ in range(4):
        watch()
    assert [name for name, _ in pjm.asked] == ["find_by_name", "live"] * 2


def test_a_superseded_job_is_ended_before_its_work_is_done_anew(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    job.superseded = True
    watch = Round(pjm := ScriptedPjm(live=[running("1001")]), job)
    assert watch() == []
    assert pjm.asked[-1] == ("delete", ("1001",))


STUCK = {"1001": JobStatus("1001", "", "ERR", Phase.STUCK)}
CANCELLED = {"1001": JobStatus("1001", "", "CCL", Phase.CANCELLED, pjm_code=1)}


def test_a_parked_job_fails_once_it_is_over_however_long_pjdel_is_away(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    pjm = ScriptedPjm(live=[STUCK, STUCK, STUCK, {}], history=[CANCELLED], delete=["PJM 0190", None])
    watch = Round(pjm, job)
    assert [watch() for _ in range(3)] == [[], [], []]
    ((outcome, _, message),) = watch()
    assert (outcome, "parked" in message) == ("fail", True)


def test_a_lost_job_is_ended_a_round_before_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = tracked_job(tmp_path, "1001")
    watch = Round(pjm := ScriptedPjm(live=[{}]), job)
    monkeypatch.setattr(Tracked, "seconds", lambda _self, what, holds: 601.0 if holds else 0.0)
    assert watch() == []
    assert pjm.asked[-1] == ("delete", ("1001",))
    ((outcome, _, message),) = watch()
    assert (outcome, "lost" in message) == ("fail", True)


def test_a_warning_is_given_once(tmp_path: Path) -> None:
    job = tracked_job(tmp_path, "1001")
    job.folder.started.write_text("job_id=1001\nhost=n1\nstart_epoch=1\nelapse_limit_s=\n")
    held = {"1001": JobStatus("1001", "", "HLD", Phase.HELD)}
    watch = Round(ScriptedPjm(live=[held]), job)
    for _ in range(3):
        assert watch() == []
    assert len(watch.said.lines) == 1
