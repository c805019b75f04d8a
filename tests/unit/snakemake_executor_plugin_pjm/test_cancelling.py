"""After an interruption no job is left alive, or the user is told which."""

from pathlib import Path

import pytest
from pjm_jobs import AWAY, Said, ScriptedPjm, running, tracked_job

from snakemake_executor_plugin_pjm import cancelling
from snakemake_executor_plugin_pjm.cancelling import cancel


def test_all_jobs_are_ended_and_waited_for(tmp_path: Path) -> None:
    jobs = [tracked_job(tmp_path, str(n)) for n in (1001, 1002)]
    pjm = ScriptedPjm(live=[running("1001", "1002"), AWAY, running("1002"), {}])
    over = cancel(jobs, pjm, Said(), gap_s=0.01)  # type: ignore[arg-type]
    assert over == {job.submission.uuid for job in jobs}
    assert pjm.asked[0] == ("delete", ("1001", "1002"))


def test_a_job_whose_id_was_never_told_is_ended_too(tmp_path: Path) -> None:
    job = tracked_job(tmp_path)
    pjm = ScriptedPjm(find_by_name=[{job.submission.name: "1005"}])
    assert cancel([job], pjm, Said(), gap_s=0.01) == {job.submission.uuid}  # type: ignore[arg-type]
    assert ("delete", ("1005",)) in pjm.asked


def test_what_lives_on_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "PATIENCE_S", 0.05)
    jobs, said = [tracked_job(tmp_path, str(n)) for n in (1001, 1002)], Said()
    pjm = ScriptedPjm(live=[running("1002")])
    assert cancel(jobs, pjm, said, gap_s=0.01) == {jobs[0].submission.uuid}  # type: ignore[arg-type]
    assert "`pjdel 1002`" in said.lines[-1]


def test_a_pjm_that_is_away_leaves_jobs_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "PATIENCE_S", 0.05)
    known, unsure, said = tracked_job(tmp_path, "1001"), tracked_job(tmp_path), Said()
    pjm = ScriptedPjm(live=[AWAY], find_by_name=[AWAY])
    assert cancel([known, unsure], pjm, said, gap_s=0.01) == set()  # type: ignore[arg-type]
    assert unsure.submission.name in said.lines[0]
    assert "`pjdel 1001`" in said.lines[-1]


def test_without_jobs_there_is_nothing_to_say() -> None:
    said, pjm = Said(), ScriptedPjm()
    assert cancel([], pjm, said, gap_s=0.01) == set()  # type: ignore[arg-type]
    assert (said.lines, pjm.asked) == ([], [])
