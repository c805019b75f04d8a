"""The tiny study with all its jobs under PJM, as on Wisteria, and a small workflow under PJM's own words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulators.pjm.cluster import EmulatedPjm
from harness import Workflow
from pjm_runs import Place, emulated, sleeping, study_words

pytestmark = pytest.mark.slow

WISTERIA = ("--pjm-site", "wisteria", "--pjm-group", "gz00", "--pjm-rscgrp", "short-a")
ASKED = ("--default-resources", "nodes=1", "runtime=30", "--set-resources", "train_segment:runtime=30")


@pytest.fixture
def wisteria(tmp_path: Path) -> Iterator[EmulatedPjm]:
    with emulated(tmp_path / "pjm", dialect="wisteria", table="wisteria", nodes=8) as pjm:
        yield pjm


def test_the_tiny_study_ends_in_the_losses_of_a_local_run(
    workflow: Workflow, finished_once: Workflow, wisteria: EmulatedPjm
) -> None:
    place = Place(workflow.folder, wisteria)
    place.run(*study_words(workflow), *WISTERIA, *ASKED, "--jobs", "3", patience_s=500)
    assert workflow.losses() == finished_once.losses()
    assert place.twice() == []
    assert {job.state for job in wisteria.jobs()} == {"EXT"}
    assert "Nothing to be done" in workflow.run()


@pytest.mark.parametrize("dialect", ["tcs", "pjwait"])
def test_jobs_are_followed_in_pjm_s_own_words(tmp_path: Path, dialect: str) -> None:
    with emulated(tmp_path / "pjm") as pjm:
        place = Place(tmp_path, pjm)
        place.run(*sleeping(4, seconds=1), "--pjm-dialect", dialect)
        assert [job.state for job in pjm.jobs()] == ["EXT"] * 4
