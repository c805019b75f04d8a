"""What an earlier call left behind for a target."""

from dataclasses import replace
from pathlib import Path

import pytest

from snakemake_executor_plugin_pjm.adoption import Wanted, find_earlier
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.ledger import Ledger, Submission

SUBMISSION = Submission("uuid", "name", "train", "target", "work")


class Left:
    """A ledger with one submission, and its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = JobFolder(root / SUBMISSION.uuid)
        self.folder.path.mkdir()
        self.ledger = Ledger(root / "ledger.jsonl")
        self.ledger.open()
        self.ledger.intend(SUBMISSION)

    def pjsub_printed(self, text: str) -> None:
        self.folder.submission_output.write_text(text)

    def job_began(self, job_id: str) -> None:
        self.folder.started.write_text(f"job_id={job_id}\nhost=n1\nstart_epoch=1\nelapse_limit_s=60\n")

    def job_ended(self, code: int) -> None:
        self.folder.return_code.write_text(f"{code}\n")

    def wanted(self, **changed: object) -> Wanted:
        return replace(Wanted("target", "work", (self.root / "output",), forced=False), **changed)

    def found(self, **changed: object) -> str | None:
        earlier = find_earlier(self.ledger, self.root, self.wanted(**changed))
        return None if earlier is None else str(earlier.job_id)

    @property
    def outcome(self) -> str | None:
        return self.ledger.entries["uuid"].outcome


@pytest.fixture
def left(tmp_path: Path) -> Left:
    return Left(tmp_path)


def test_a_job_with_an_id_is_taken_up(left: Left) -> None:
    left.pjsub_printed("[INFO] PJM 0000 pjsub Job 1001 submitted.\n")
    left.ledger.submitted(SUBMISSION, "1001")
    assert (left.found(), left.outcome) == ("1001", None)


def test_an_id_that_only_pjsub_wrote_down_is_not_lost(left: Left) -> None:
    left.pjsub_printed("[INFO] PJM 0000 pjsub Job 1001 submitted.\n")
    assert left.found() == "1001"


def test_the_job_that_runs_is_the_one_that_counts(left: Left) -> None:
    left.pjsub_printed("[INFO] PJM 0000 pjsub Job 1001 submitted.\n")
    left.job_began("1002")
    assert left.found() == "1002"


def test_a_pjsub_that_said_nothing_leaves_a_job_to_look_for(left: Left) -> None:
    left.pjsub_printed("")
    assert (left.found(), left.outcome) == ("None", None)


def test_without_a_pjsub_there_is_no_job(left: Left) -> None:
    assert (left.found(), left.outcome) == (None, "never handed over")


def test_another_target_is_another_matter(left: Left) -> None:
    left.pjsub_printed("[INFO] PJM 0000 pjsub Job 1001 submitted.\n")
    assert (left.found(target="other"), left.outcome) == (None, None)


def test_a_job_that_does_other_work_is_found_all_the_same(left: Left) -> None:
    left.job_began("1001")
    assert left.found(work="other") == "1001"


def test_a_success_that_nobody_watched_is_credited(left: Left) -> None:
    left.job_began("1001")
    left.job_ended(0)
    (left.root / "output").touch()
    assert (left.found(), left.outcome) == ("1001", None)


@pytest.mark.parametrize("changed", [{"work": "other"}, {"forced": True}])
def test_a_success_that_is_not_what_is_wanted_is_done_anew(left: Left, changed: dict[str, object]) -> None:
    left.job_began("1001")
    left.job_ended(0)
    (left.root / "output").touch()
    assert (left.found(**changed), left.outcome) == (None, "ended unwatched")


@pytest.mark.parametrize("code", [0, 1])
def test_without_its_outputs_or_after_a_failure_it_is_done_anew(left: Left, code: int) -> None:
    left.job_began("1001")
    left.job_ended(code)
    assert (left.found(), left.outcome) == (None, "ended unwatched")
