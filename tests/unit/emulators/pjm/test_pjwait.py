"""pjwait: the manual's samples, and the codes of jobs that ended in each way."""

import time

import pytest


def test_codes_of_jobs_that_ended_and_one_that_did_not(login):
    good, bad, killed, running = (login.submit(body) for body in ("true", "exit 1", "kill -9 $$", "sleep 60"))
    for job_id in (good, bad, killed):
        login.until_state(job_id, "EXT")
    lines = login.out("pjwait", "-w", "waitnone", "3", good, bad, killed, running)
    assert lines == [f"{good} 0 0 -", f"{bad} 0 1 -", f"{killed} 0 1 9", f"{running} X - -"]


def test_the_manuals_sample_of_an_exit_code(start):
    login = start(first_id=5301)
    login.submit("exit 1")
    assert login.out("pjwait", "5301") == ["5301 0 1 -"]


def test_held_and_parked_jobs_have_letters_and_rejected_ones_no_line(start):
    login = start(run_limit=0)
    login.pjm.set_fault("job_rejected", match="rejected")
    login.pjm.set_fault("job_parked", match="parked")
    rejected, held = login.submit("true", "-N rejected"), login.submit("true")
    login.until_state(rejected, "RJT")
    login.until_state(held, "QUE")
    login.out("pjhold", held)
    login.until_state(held, "HLD")
    login.pjm.change(run_limit=8)
    parked = login.submit("true", "-N parked")
    login.until_state(parked, "ERR")
    assert login.out("pjwait", rejected, held, parked) == [f"{held} H - -", f"{parked} E - -"]


def test_it_waits_for_all_or_for_any(login):
    short, long = login.submit("sleep 0.2"), login.submit("sleep 2")
    begun = time.monotonic()
    assert f"{short} 0 0 -" in login.out("pjwait", "-w", "waitany", short, long)
    assert login.pjm.job(long).state != "EXT"
    assert login.out("pjwait", short, long) == [f"{short} 0 0 -", f"{long} 0 0 -"]
    assert time.monotonic() - begun > 2
    assert login.out("pjwait", "-z", short) == []


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ((), "0610 pjwait No jobid(s) specified."),
        (("-w", "some", "1"), "0603 pjwait Unknown option argument: -w some."),
        (("-q", "1"), "0601 pjwait Unknown option or no option argument: -q."),
        (("one",), "0611 pjwait Invalid jobid: one."),
    ],
)
def test_what_is_wrong_is_said_in_numbered_messages(login, words, printed):
    assert login.refusal("pjwait", *words).startswith(f"[ERR.] PJM {printed}\n")
