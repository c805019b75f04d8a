"""pjstat of Wisteria's wrapper, held against rows that its users published."""

import re
import time

import pytest
from emulators.pjm.store import Store

SCALE = 10.0
"""Real seconds of each second that is listed, so that an instant more or less does not show."""
TIME = r"\d\d:\d\d:\d\d"
BANNER = rf"Wisteria/BDEC-01 scheduled stop time: (\d{{4}}/\d\d/\d\d\(\w{{3}}\) {TIME}) \(Remain: (\d+days {TIME})\)"
HEADER, RUNNING, QUEUED = """\
JOB_ID       JOB_NAME   STATUS  PROJECT    RSCGROUP          START_DATE        ELAPSE           TOKEN           NODE  GPU
5170490      J03_signal RUNNING gg53       short-a           10/30 15:39:41<   00:22:53           9.2              1    8
5170614      J01_exampl QUEUED  gg53       short-a           (10/30 18:00)<    00:00:00        (48.0)              1    8
""".splitlines()  # noqa: E501  # as published
PAST = "1334861 STDIN END gr58interactive-o_n1 03/02 11:16:33  00:02:14 - 1 -"


@pytest.fixture
def wisteria(start):
    return start(dialect="wisteria", first_id=5_170_490, run_limit=1, clock=0.01, elapse_scale=SCALE)


def change(login, job_id, **columns):
    """Let a job be what a published row tells of one."""
    store = Store(login.pjm.folder)
    with store:
        store.update(int(job_id), **columns)
    store.close()


def test_the_rows_of_a_running_and_a_waiting_job(wisteria):
    asks = ("-g gg53", "-L rscgrp=short-a,node=1,elapse=2:00:00")
    script = wisteria.write("sleep 60", *asks)
    wisteria.out("pjsub", "-N", "J03_signals", script)
    wisteria.pjm.change(next_id=5_170_614)
    wisteria.out("pjsub", "-N", "J01_examples", script)
    wisteria.until_state("5170490", "RUN")
    since = time.time() - SCALE * (22 * 60 + 53.3)
    change(wisteria, 5_170_490, started_at=since)
    before = time.strftime("%m/%d %H:%M")
    banner, empty, *rows = wisteria.out("pjstat")
    after = time.strftime("%m/%d %H:%M")
    assert re.fullmatch(BANNER, banner)
    assert empty == ""
    start = time.strftime("%m/%d %H:%M:%S", time.localtime(since))
    assert rows[:2] == [HEADER, RUNNING.replace("10/30 15:39:41", start)]
    assert rows[2] in {QUEUED.replace("10/30 18:00", planned) for planned in (before, after)}


def test_columns_of_the_history_run_into_each_other(wisteria):
    wisteria.pjm.change(next_id=1_334_861)
    job_id = wisteria.submit("true", "-N STDIN")
    wisteria.until_state(job_id, "EXT")
    end = time.time() - 60
    past = {"gname": "gr58", "queue": "interactive-o_n1", "started_at": end - SCALE * 134.2, "ended_at": end}
    change(wisteria, job_id, **past)
    start = time.strftime("%m/%d %H:%M:%S", time.localtime(end - SCALE * 134.2))
    assert wisteria.out("pjstat", "-H")[2:] == [HEADER, PAST.replace("03/02 11:16:33", start)]


def test_one_sentence_stands_for_an_empty_list(wisteria):
    banner, *rest = wisteria.out("pjstat")
    assert re.fullmatch(BANNER, banner)
    assert rest == ["", "No unfinished job found."]


def test_the_banner_counts_down_to_the_scheduled_stop(start):
    stop = time.time() + 22 * 86_400 + 3600
    login = start(dialect="wisteria", scheduled_stop=stop)
    told, remain = re.fullmatch(BANNER, login.out("pjstat")[0]).groups()
    assert told == time.strftime("%Y/%m/%d(%a) %H:%M:%S", time.localtime(stop))
    assert remain.startswith("22days 00:59:5")


@pytest.mark.parametrize(
    ("state", "word"),
    [("ACC", "QUEUED"), ("RNA", "RUNNING"), ("RNO", "RUNNING"), ("HLD", "HOLD"), ("ERR", "ERROR")],
)
def test_words_stand_for_states(wisteria, state, word):
    job_id = wisteria.submit("sleep 60")
    wisteria.until_state(job_id, "RUN")
    change(wisteria, job_id, state=state)
    assert wisteria.out("pjstat")[3].split()[2] == word
    change(wisteria, job_id, state="RUN")


def test_a_deleted_job_is_canceled(wisteria):
    job_id = wisteria.submit("sleep 60")
    wisteria.until_state(job_id, "RUN")
    wisteria.out("pjdel", job_id)
    wisteria.until_state(job_id, "CCL")
    wisteria.pjm.age(job_id, days=1)
    assert wisteria.out("pjstat", "-H", job_id)[3].split()[2] == "CANCEL"


@pytest.mark.parametrize("words", [("-v",), ("--data",), ("--choose", "jid,st"), ("--filter", "jid=1")])
def test_what_is_not_known_of_the_wrapper_is_refused(wisteria, words):
    assert f"PJM 0201 pjstat Unknown option or no option argument: {words[0]}." in wisteria.refusal("pjstat", *words)


def test_pjwait_is_there_only_if_told_so(wisteria):
    assert wisteria.refusal("pjwait", "-w", "waitnone", "1") == "[ERR.] PJM 0670 pjwait No execute permission.\n"
    wisteria.pjm.change(pjwait_allowed=True)
    assert wisteria.out("pjwait", "-w", "waitnone", "1") == []
