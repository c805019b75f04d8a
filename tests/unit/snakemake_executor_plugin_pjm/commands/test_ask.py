"""pjstat and pjwait, played by small scripts: answers that are whole, and all the others."""

import threading
import time

import pytest
from pjm_programs import calls_of, listing
from processes import wait_for, wait_until_gone

from snakemake_executor_plugin_pjm.commands import Pjm, StatusUnknown
from snakemake_executor_plugin_pjm.settings import ExecutorSettings
from snakemake_executor_plugin_pjm.status import Phase

SUBMITTED = "echo '[INFO] PJM 0000 pjsub Job 1006903 submitted.'"
WISTERIA = """cat <<'EOF'
Wisteria/BDEC-01 scheduled stop time: 2024/11/22(Fri) 09:00:00 (Remain: 22days 16:57:27)

JOB_ID       JOB_NAME   STATUS  PROJECT    RSCGROUP          START_DATE        ELAPSE           TOKEN   NODE  GPU
5170490      J03_signal RUNNING gg53       short-a           10/30 15:39:41<   00:22:53           9.2      1    8
EOF"""


def test_jobs_are_told_by_id_in_one_command(program, bin_folder, pjm):
    ids = [str(id_) for id_ in range(1000, 1200)]
    program("pjstat", listing(*(f",{id_},RUN,0,0,0,small,0000:00:01,name,-" for id_ in ids)))
    statuses = pjm.live(ids)
    assert list(statuses) == ids
    assert {status.phase for status in statuses.values()} == {Phase.RUNNING}
    assert pjm.history(ids) == statuses
    assert calls_of(bin_folder, "pjstat") == [
        f"--data -v --choose jid,st,ec,pc,sn,rscg,elp,jnam,ermsg {' '.join(ids)}",
        f"-H --data -v --choose jid,st,ec,pc,sn,rscg,elp,jnam,ermsg {' '.join(ids)}",
    ]
    assert pjm.calls == {"pjstat": 2}


def test_of_no_job_nothing_is_asked(pjm):
    assert pjm.live([]) == pjm.history([]) == pjm.find_by_name([]) == {}
    assert not pjm.calls


def test_thousands_of_jobs_fit_into_command_lines(program, bin_folder, pjm):
    program("pjstat", 'echo "H,JOB_ID,ST"; for id in "${@:5}"; do echo ",$id,QUE"; done')
    ids = [str(id_) for id_ in range(10**10, 10**10 + 20_001)]
    assert pjm.live(ids).keys() == set(ids)
    assert max(map(len, calls_of(bin_folder, "pjstat"))) < 32 * 1024


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo '[ERR.] PJM 0290 pjstat PJM daemon is not present.' >&2; exit 1", "status 1.*\n.*0290"),
        (f"{listing(',1,RUN,0,0,0,s,0,n,-')}\necho '[ERR.] PJM 0291 pjstat Internal error: x.' >&2", "0291"),
        (f"echo '[ERR.] PJM 0290 pjstat PJM daemon is not present.'; {listing()}", "0290"),
        (f"{listing(',1,RUN,0,0,0,s,0,n,-')}\nexit 1", "status 1"),
        (f"{listing(',1,RUN,0,0,0,s,0,n,-')}\nkill -9 $$", "signal 9"),
        (f"{listing(',1,RUN,0,0,0,s,0,n,-')}\nsleep 987.7; true", "no answer within 0.5 s"),
        ("echo H,JOB_ID,ST,EC; printf ',1,EXT,0'", "cut short"),
        ("head -c 1000 /dev/urandom; echo", "where a table was expected"),
    ],
)
def test_an_answer_that_cannot_be_relied_on_is_none(program, body, words, hasty):
    program("pjstat", body)
    for ask in (hasty.live, hasty.history, hasty.find_by_name):
        with pytest.raises(StatusUnknown, match=words):
            ask(["1"])
    wait_until_gone("sleep\x00987.7")


def test_a_part_of_an_answer_is_no_answer(program, pjm):
    program(
        "pjstat", '[ "${@: -1}" = 3999 ] && exit 1; echo "H,JOB_ID,ST"; for id in "${@:5}"; do echo ",$id,QUE"; done'
    )
    with pytest.raises(StatusUnknown):
        pjm.live([str(id_) for id_ in range(1000, 4000)])


def test_without_pjstat_nothing_is_known(bin_folder, pjm):
    with pytest.raises(StatusUnknown, match=r"pjstat cannot be run .* are you on a login node"):
        pjm.live(["1"])


def test_notes_do_no_harm(program, pjm):
    program("pjstat", f"echo '[INFO] PJM 0281 pjstat Data loading...'; {listing(',1,EXT,0,0,-,s,0,n,-')}")
    assert pjm.live(["1"])["1"].phase is Phase.ENDED


def test_wisterias_table_is_asked_for_as_a_whole(program, bin_folder):
    program("pjstat", WISTERIA)
    pjm = Pjm(ExecutorSettings(site="wisteria"))
    assert pjm.live(["5170490", "1"]).keys() == {"5170490"}
    assert pjm.find_by_name(["J03_signal-train"]) == {"J03_signal-train": "5170490"}
    assert calls_of(bin_folder, "pjstat") == ["", ""]


def test_pjwait_tells_of_jobs_that_are_over_too(program, bin_folder):
    program("pjwait", "echo '1 X - -'; echo '2 0 1 -'")
    statuses = Pjm(ExecutorSettings(dialect="pjwait")).live(["1", "2", "3"])
    assert [(status.job_id, status.phase, status.exit_code) for status in statuses.values()] == [
        ("1", Phase.RUNNING, None),
        ("2", Phase.ENDED, 1),
    ]
    assert calls_of(bin_folder, "pjwait") == ["-w waitnone 1 2 3"]


def test_a_query_can_be_given_up_from_another_thread(program, bin_folder, pjm):
    program("pjstat", "sleep 987.6; true")
    errors: list[str] = []

    def ask() -> None:
        with pytest.raises(StatusUnknown) as unknown:
            pjm.find_by_name(["name"])
        errors.append(str(unknown.value))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(bin_folder / "pjstat.calls", "jid")
    began = time.monotonic()
    pjm.abort()
    asking.join()
    assert time.monotonic() - began < 1
    assert "it was stopped" in errors[0]
    assert len(calls_of(bin_folder, "pjstat")) == 1
    wait_until_gone("sleep\x00987.6")


def test_giving_up_ends_no_pjsub_and_no_later_query(program, bin_folder, folder, pjm):
    program("pjsub", f"sleep 0.5; {SUBMITTED}")
    program("pjstat", listing(",1,RUN,0,0,0,s,0,n,-"))
    ids: list[str] = []
    submitting = threading.Thread(target=lambda: ids.append(pjm.submit(folder, [])))
    submitting.start()
    wait_for(bin_folder / "pjsub.calls", "job.sh")
    pjm.abort()
    assert pjm.live(["1"]).keys() == {"1"}
    submitting.join()
    assert ids == ["1006903"]


def test_queries_of_several_threads_do_not_mix(program, pjm):
    program("pjstat", 'sleep 0.1; echo "H,JOB_ID,ST"; for id in "${@:5}"; do echo ",$id,QUE"; done')
    found: dict[int, set[str]] = {}

    def ask(number: int) -> None:
        found[number] = set(pjm.live([str(number)]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: {str(number)} for number in range(8)}
    assert pjm.calls == {"pjstat": 8}
