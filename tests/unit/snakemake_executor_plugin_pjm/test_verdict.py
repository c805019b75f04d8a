"""What became of a job: rules that hold for every combination of what PJM says and what the job has left behind."""

import itertools
from collections.abc import Iterator

import pytest

from snakemake_executor_plugin_pjm.codes import CODES, NODE_FAULTS, OUT_OF_TIME
from snakemake_executor_plugin_pjm.status import JobStatus, Phase
from snakemake_executor_plugin_pjm.verdict import Evidence, Kind, judge

LATENCY_WAIT_S, LOST_AFTER_S = 120.0, 600.0
YES_NO = (False, True)
LIVE = (Phase.QUEUED, Phase.RUNNING, Phase.HELD)
LONG, SHORT = 1e6, 1.0


def evidence(
    return_code: int | None = None,
    started: bool = True,
    time_limit: bool = False,
    more_time: bool = False,
    since_s: float = LONG,
) -> Evidence:
    return Evidence(return_code, started, time_limit, more_time, since_s, since_s, LATENCY_WAIT_S, LOST_AFTER_S)


def status(phase: Phase, pjm_code: int | None = None, exit_code: int | None = None, **said: str) -> JobStatus:
    return JobStatus("1001", "name", phase.name[:3], phase, pjm_code, exit_code, **said)


def statuses() -> Iterator[JobStatus | None]:
    codes = (None, *sorted(CODES), 77)
    yield None
    for phase, pjm_code, exit_code in itertools.product(Phase, codes, (None, 0, 1, 137)):
        yield status(phase, pjm_code, exit_code)


def situations() -> list[tuple[JobStatus | None, Evidence]]:
    known = [evidence(*left) for left in itertools.product((None, 0, 1, 137), YES_NO, YES_NO, YES_NO, (SHORT, LONG))]
    return list(itertools.product(statuses(), known))


SITUATIONS = situations()


def is_clean(status: JobStatus) -> bool:
    return not status.pjm_code and not status.exit_code


def test_success_needs_the_return_code_0_and_nothing_from_pjm_against_it():
    for said, left in SITUATIONS:
        if judge(said, left).kind is Kind.success:
            assert left.return_code == 0, (said, left)
            assert said is None or (said.phase in (Phase.ENDED, Phase.UNKNOWN) and is_clean(said)), (said, left)


def test_return_code_0_is_success_where_pjm_has_nothing_against_it():
    for said, left in SITUATIONS:
        if left.return_code == 0 and (said is None or (said.phase is Phase.ENDED and is_clean(said))):
            assert judge(said, left).kind is Kind.success, (said, left)


def test_a_job_that_pjm_has_not_finished_with_is_active_whatever_it_left():
    for said, left in SITUATIONS:
        if said and said.phase in LIVE:
            verdict = judge(said, left)
            assert verdict.kind is Kind.active, (said, left)
            assert bool(verdict.warn) is (said.phase is Phase.HELD), (said, left)


def test_a_stuck_job_is_removed_and_failed():
    stuck = [judge(said, left).kind for said, left in SITUATIONS if said and said.phase is Phase.STUCK]
    assert set(stuck) == {Kind.cancel_then_failure}


def test_a_job_that_was_cancelled_or_rejected_failed_unless_pjm_owns_up():
    for said, left in SITUATIONS:
        if said and said.phase in (Phase.CANCELLED, Phase.REJECTED):
            own = said.pjm_code in OUT_OF_TIME | NODE_FAULTS
            kinds = {Kind.out_of_time, Kind.node_fault} if own else {Kind.failure}
            assert judge(said, left).kind in kinds, (said, left)


def test_a_job_that_asked_for_more_time_and_left_gets_it():
    for said, left in SITUATIONS:
        ended = said is None or said.phase is Phase.ENDED
        if ended and left.more_time and left.return_code:
            assert judge(said, left).kind is Kind.out_of_time, (said, left)


def test_asking_for_more_time_is_void_once_the_command_has_succeeded():
    assert judge(None, evidence(0, more_time=True)).kind is Kind.success


def test_without_a_return_code_files_get_the_time_to_become_visible():
    for said, left in SITUATIONS:
        if said and said.phase is Phase.ENDED and left.return_code is None:
            assert (judge(said, left).kind is Kind.active) is (left.ended_s < LATENCY_WAIT_S), (said, left)


def test_then_pjms_code_decides():
    for said, left in SITUATIONS:
        if said and said.phase is Phase.ENDED and left.return_code is None and left.ended_s == LONG:
            assert judge(said, left).kind is expected_without_return_code(said, left), (said, left)


def expected_without_return_code(said: JobStatus, left: Evidence) -> Kind:
    if said.pjm_code in OUT_OF_TIME or (said.pjm_code is None and left.time_limit):
        return Kind.out_of_time
    return Kind.node_fault if said.pjm_code in NODE_FAULTS else Kind.failure


def test_a_job_that_is_absent_is_lost_only_after_a_while_and_never_a_success():
    for said, left in SITUATIONS:
        if said is None and left.return_code is None:
            lost = left.absent_s >= LOST_AFTER_S
            assert judge(said, left).kind is (Kind.cancel_then_failure if lost else Kind.active), (said, left)


def test_a_word_that_nobody_knows_counts_as_none_except_that_the_job_is_not_lost():
    for said, left in SITUATIONS:
        if said and said.phase is Phase.UNKNOWN and is_clean(said) and said.pjm_code is None:
            verdict = judge(said, left)
            if left.return_code is None:
                assert (verdict.kind, bool(verdict.warn)) == (Kind.active, True)
            else:
                assert verdict.kind is judge(None, left).kind, (said, left)


def test_a_failed_command_is_resubmitted_for_nothing_but_time_and_faults():
    for said, left in SITUATIONS:
        if left.return_code and judge(said, left).kind in (Kind.out_of_time, Kind.node_fault):
            by_code = said is not None and said.pjm_code in OUT_OF_TIME | NODE_FAULTS
            untold = said is None or said.pjm_code is None
            assert by_code or left.more_time or (left.time_limit and untold), (said, left)


def test_every_verdict_but_active_says_why():
    for said, left in SITUATIONS:
        verdict = judge(said, left)
        assert bool(verdict.message) is (verdict.kind is not Kind.active), (said, left)
        if said and verdict.message:
            assert "PJM's job 1001 (" in verdict.message


def test_a_warning_stays_the_same_while_the_trouble_does():
    for phase in (Phase.HELD, Phase.UNKNOWN):
        warnings = {
            judge(status(phase, elapsed=elapsed), evidence(since_s=since_s)).warn
            for elapsed, since_s in (("0:01", SHORT), ("0:02", LONG))
        }
        assert len(warnings) == 1


ACCOUNT = {"reason": "LIMIT OVER MEMOR", "elapsed": "0000:09:11", "rscgrp": "regular-a"}


@pytest.mark.parametrize(
    ("said", "left", "message"),
    [
        (
            status(Phase.ENDED, 12, 137, **ACCOUNT),
            evidence(),
            "PJM's job 1001 (END, exit code 137, PJM code 12: used more memory than it was given, reason LIMIT OVER "
            "MEMOR, elapsed 0000:09:11, resource group regular-a) ended without leaving a return code; ask for more "
            "memory (more nodes, GPUs or cores, whatever brings it here), or have the job use less",
        ),
        (
            JobStatus("1001", "name", "EXT", Phase.ENDED, 11, 0, 24, rscgrp="small"),
            evidence(time_limit=True),
            "PJM's job 1001 (EXT, exit code 0, PJM code 11: reached its elapse limit, signal 24, resource group small) "
            "ran out of time; raise `runtime`, or have the job save its state and go on in another one",
        ),
        (
            status(Phase.ENDED, 16, 0),
            evidence(started=False),
            "PJM's job 1001 (END, exit code 0, PJM code 16: its working directory or its log file cannot be reached "
            "from the compute node) ended without leaving a return code; run Snakemake in a directory that compute "
            "nodes see (on Wisteria under /work, never under the home directory)",
        ),
        (
            status(Phase.ENDED),
            evidence(started=False),
            "PJM's job 1001 (END) ended without having begun: its script wrote nothing. Its log may say why; is the "
            "working directory visible from compute nodes, under one path?",
        ),
        (
            status(Phase.ENDED, 0, 1),
            evidence(1),
            "PJM's job 1001 (END, exit code 1, PJM code 0: PJM itself saw no fault): its command failed with status 1",
        ),
        (
            status(Phase.ENDED, 0, 1),
            evidence(0),
            "PJM's job 1001 (END, exit code 1, PJM code 0: PJM itself saw no fault): its command succeeded, but PJM "
            "reports a failure",
        ),
        (
            status(Phase.CANCELLED, 1, 0),
            evidence(),
            "PJM's job 1001 (CAN, exit code 0, PJM code 1: removed by pjdel) was cancelled",
        ),
        (
            status(Phase.STUCK, 21),
            evidence(started=False),
            "PJM's job 1001 (STU, PJM code 21: its shell could not be started): PJM parked it and would leave it "
            "there; it is removed",
        ),
        (
            None,
            evidence(started=False),
            "lost: PJM has not listed the job for 1000000 s, and it left no return code (it had not begun). Look for "
            "it in `pjstat -H`; `lost_after` sets how long to wait",
        ),
    ],
)
def test_messages_say_what_happened_and_what_to_do(said, left, message):
    assert judge(said, left).message == message


def test_a_held_job_names_its_way_out():
    held = status(Phase.HELD, 4, reason="user1:maintenance")
    assert judge(held, evidence()).warn == (
        "PJM's job 1001 (HEL, reason user1:maintenance) is held: release it by `pjrls 1001`"
    )
