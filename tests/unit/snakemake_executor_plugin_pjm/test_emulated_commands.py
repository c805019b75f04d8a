"""Every command against the emulator, in each dialect: a second reading of the manuals than the one in `dialects`."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulators.pjm.cluster import EmulatedPjm
from pjm_programs import job_folder
from processes import wait_for

from snakemake_executor_plugin_pjm.commands import Pjm, Refused, StatusUnknown, TimeLimits, TryLater, Unsure
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.status import JobStatus, Phase

DIALECTS = ("tcs", "wisteria", "pjwait")
LIMIT_S = 30.0
NAME = "a123456789-train"
OVER_IN = {"tcs": "history", "wisteria": "history", "pjwait": "live"}
"""The question that tells the dialect's most about jobs that are over."""


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def emulator(dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedPjm]:
    """Yield an emulator whose programs come first on PATH, in which ended jobs stay out of the history for a while."""
    monkeypatch.chdir(tmp_path)
    words = "wisteria" if dialect == "wisteria" else "tcs"
    with EmulatedPjm(tmp_path / "pjm", dialect=words, clock=0.05, accept_limit=2) as emulated:
        for variable, value in emulated.environment().items():
            monkeypatch.setenv(variable, value)
        yield emulated


@pytest.fixture
def pjm(dialect: str, emulator: EmulatedPjm) -> Pjm:
    return Pjm(ExecutorSettings(dialect=dialect))


@pytest.fixture
def hasty(dialect: str) -> Pjm:
    return Pjm(ExecutorSettings(dialect=dialect), TimeLimits(submit_s=3.0, query_s=3.0))


def submission(path: Path, command: str, rscgrp: str = "share-short", name: str = NAME) -> JobFolder:
    folder = job_folder(path)
    wishes = ("-g gz00", f"-N {name}", f"-L rscgrp={rscgrp}", "-L gpu=1", "-L elapse=600", "-j", f"-o {path}/%j.log")
    folder.script.write_text("\n".join(["#!/bin/bash", *(f"#PJM {wish}" for wish in wishes), command, ""]))
    return folder


def until(ask: Callable[[list[str]], dict[str, JobStatus]], job_id: str, phase: Phase) -> JobStatus:
    deadline = time.monotonic() + LIMIT_S
    while (status := ask([job_id]).get(job_id)) is None or status.phase is not phase:
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return status


def test_a_job_is_followed_from_its_submission_to_its_end(dialect, pjm, emulator, tmp_path):
    job_id = pjm.submit(submission(tmp_path / "one", f"while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; exit 3"), [])
    until(pjm.live, job_id, Phase.RUNNING)
    assert pjm.find_by_name([NAME, "b123456789-train"]) == {NAME: job_id}
    assert pjm.history([job_id]) == {}
    (tmp_path / "go").touch()
    status = until(getattr(pjm, OVER_IN[dialect]), job_id, Phase.ENDED)
    assert (status.exit_code, status.pjm_code) == ((None, None) if dialect == "wisteria" else (3, 0))
    assert until(pjm.history, job_id, Phase.ENDED).name == NAME[:10]
    assert pjm.find_by_name([NAME]) == {NAME: job_id}


def test_a_job_is_deleted(pjm, emulator, tmp_path):
    job_id = pjm.submit(submission(tmp_path / "one", f"echo begun > {tmp_path}/begun; sleep 600"), [])
    # While a job is only being accepted, pjdel has it rejected.
    wait_for(tmp_path / "begun", "begun")
    assert not pjm.delete([job_id, "999"]).refused
    until(pjm.history, job_id, Phase.CANCELLED)
    assert not emulator.live()


def test_what_pjm_refuses_is_told_apart(pjm, emulator, tmp_path):
    with pytest.raises(Refused, match="PJM 0058 pjsub"):
        pjm.submit(submission(tmp_path / "wrong", "true", rscgrp="no-such-group"), [])
    for number in range(2):
        pjm.submit(submission(tmp_path / f"{number}", "sleep 600"), [])
    waiting = submission(tmp_path / "waiting", "true")
    with pytest.raises(TryLater, match="PJM 0072 pjsub"):
        pjm.submit(waiting, [])
    emulator.change(accept_limit=3)
    assert pjm.submit(waiting, [])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hangs_after", "killed_after", "hangs", "truncated"])
def test_a_job_that_pjsub_did_not_name_is_found_or_was_not_submitted(pjm, hasty, emulator, tmp_path, fault):
    emulator.set_fault(f"pjsub_{fault}", calls=1)
    with pytest.raises(Unsure):
        hasty.submit(submission(tmp_path / "one", "sleep 600"), [])
    assert list(pjm.find_by_name([NAME]).values()) == [job.id for job in emulator.live()]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["away", "hangs", "refused", "truncated"])
def test_what_pjm_does_not_tell_is_unknown(pjm, hasty, emulator, tmp_path, fault):
    job_id = pjm.submit(submission(tmp_path / "one", "sleep 600"), [])
    for program in ("pjstat", "pjwait"):
        emulator.set_fault(f"{program}_{fault}", calls=1)
    with pytest.raises(StatusUnknown):
        hasty.live([job_id])
    assert pjm.live([job_id]).keys() == {job_id}


def test_a_slow_listing_is_read(pjm, emulator, tmp_path):
    job_id = pjm.submit(submission(tmp_path / "one", "sleep 600"), [])
    emulator.set_fault("pjstat_loading")
    assert pjm.find_by_name([NAME]) == {NAME: job_id}
