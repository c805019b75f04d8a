"""Jobs found by their names, and pjdel, played by small scripts."""

from pjm_programs import calls_of, listing
from processes import wait_until_gone

LIVE_AND_ENDED = f"""if [ "$1" = -H ]; then
{listing(",9,EXT,0,0,-,s,0,ended12345,-", ",8,EXT,0,0,-,s,0,both123456,-", ",7,RJT,-,2,-,s,0,reject1234,-")}
else
{listing(",101,RUN,0,0,0,s,0,both123456,-", ",99,QUE,0,0,0,s,0,twice12345,-", ",100,RUN,0,0,0,s,0,twice12345,-")}
fi"""


def test_names_are_compared_by_their_first_ten_characters(program, pjm):
    program("pjstat", LIVE_AND_ENDED)
    names = ["ended12345-train", "both123456-train", "twice12345-train", "reject1234-train", "absent1234-train"]
    assert pjm.find_by_name(names) == {
        "ended12345-train": "9",
        "both123456-train": "101",
        "twice12345-train": "99",
        "reject1234-train": "7",
    }
    assert pjm.calls == {"pjstat": 2}


def test_ended_jobs_are_looked_through_only_for_names_that_are_missing(program, pjm):
    program("pjstat", LIVE_AND_ENDED)
    assert pjm.find_by_name(["both123456-train"]) == {"both123456-train": "101"}
    assert pjm.calls == {"pjstat": 1}


def test_jobs_are_deleted_fifty_at_a_time(program, bin_folder, pjm):
    program("pjdel", 'for id in "$@"; do echo "[INFO] PJM 0100 pjdel Accepted job $id."; done')
    ids = [str(id_) for id_ in range(100, 221)]
    assert not pjm.delete(ids).refused
    assert [call.split() for call in calls_of(bin_folder, "pjdel")] == [ids[:50], ids[50:100], ids[100:]]
    assert pjm.calls == {"pjdel": 3}


def test_what_pjdel_refuses_is_told_and_the_rest_goes_on(program, pjm):
    program(
        "pjdel",
        'for id in "$@"; do case $id in 1) echo "[ERR.] PJM 0171 pjdel No permission: 1." >&2;; '
        '2) echo "[ERR.] PJM 0112 pjdel Job 2 does not exist." >&2;; '
        '3) echo "[ERR.] PJM 0113 pjdel Job 3 is not in the state that pjdel can be accepted." >&2;; '
        '4) echo "[INFO] PJM 0119 pjdel Already accepted job 4.";; '
        '*) echo "[INFO] PJM 0100 pjdel Accepted job $id.";; esac; done; exit 1',
    )
    assert pjm.delete(["1", "2", "3", "4", "5"]).refused == {"1": "[ERR.] PJM 0171 pjdel No permission: 1."}


def test_a_pjdel_that_hangs_is_told_and_the_next_one_run(program, bin_folder, hasty):
    program("pjdel", "sleep 987.5; true")
    outcome = hasty.delete([str(id_) for id_ in range(51)])
    assert len(outcome.refused) == 51
    assert "no answer within 0.5 s" in str(outcome)
    assert len(calls_of(bin_folder, "pjdel")) == 2
    wait_until_gone("sleep\x00987.5")


def test_without_pjdel_all_are_refused(bin_folder, pjm):
    assert pjm.delete(["1"]).refused == {"1": "cannot run pjdel: No such file or directory"}
