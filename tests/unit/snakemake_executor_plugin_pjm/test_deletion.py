"""What pjdel prints, sorted by job; its lines as the manual has them."""

from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_pjm.child import Ending
from snakemake_executor_plugin_pjm.deletion import DeleteOutcome, find_refused

AWAY = "[ERR.] PJM 0190 pjdel PJM daemon is not present."
MIXED = """[INFO] PJM 0100 pjdel Accepted job 11.
[INFO] PJM 0119 pjdel Already accepted job 12
[ERR.] PJM 0112 pjdel Job 13 does not exist.
[ERR.] PJM 0113 pjdel Job 14 is not in the state that pjdel can be accepted.
[ERR.] PJM 0171 pjdel No permission: 15.
"""


def well(output: str) -> Ending:
    return Ending(0, "it ended with status 0", output)


def ill(output: str = "", errors: str = "") -> Ending:
    return Ending(1, "it ended with status 1", output, errors)


def test_jobs_that_are_gone_or_going_are_not_refused():
    assert find_refused(["11", "12", "13", "14", "15"], ill(MIXED)) == {
        "15": "[ERR.] PJM 0171 pjdel No permission: 15."
    }


def test_numbers_are_compared_whole():
    said = "[ERR.] PJM 0171 pjdel No permission: 115.\n[INFO] PJM 0100 pjdel Accepted job 15.\n"
    assert find_refused(["15", "115", "5"], ill(errors=said)).keys() == {"115", "5"}
    assert find_refused(["100"], ill("[ERR.] PJM 0171 pjdel No permission: 100[1-2].")).keys() == {"100"}


def test_a_daemon_that_is_away_took_none():
    assert find_refused(["1", "2"], ill(errors=AWAY)) == {"1": AWAY, "2": AWAY}


def test_a_job_that_pjdel_does_not_mention_was_taken_if_all_went_well():
    assert find_refused(["1"], well("[INFO] PJM 0181 ......done.\n")) == {}
    assert find_refused(["1"], ill()) == {"1": "it ended with status 1 and says nothing of this job"}
    hung = Ending(None, "it gave no answer within 60 s", MIXED.splitlines()[0])
    assert find_refused(["1", "11"], hung).keys() == {"1"}


def test_a_message_says_why_once():
    outcome = DeleteOutcome({"1": AWAY, "2": AWAY, "3": "other"})
    assert str(outcome) == f"pjdel refused 1 2: {AWAY}; pjdel refused 3: other"
    assert str(DeleteOutcome({})) == ""


@given(ids=st.sets(st.integers(1, 10**7).map(str), min_size=1), taken=st.data())
def test_every_job_is_settled_by_its_own_line(ids, taken):
    accepted = taken.draw(st.sets(st.sampled_from(sorted(ids))))
    lines = [
        f"[INFO] PJM 0100 pjdel Accepted job {id_}."
        if id_ in accepted
        else f"[ERR.] PJM 0171 pjdel No permission: {id_}."
        for id_ in ids
    ]
    assert find_refused(sorted(ids), ill("\n".join(lines))).keys() == ids - accepted
