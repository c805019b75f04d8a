"""pjstat of stock PJM: the manual's columns, samples and rules."""

import os
import pwd
import time

import pytest
from emulators.pjm.cluster import DELAYS_S

USER = pwd.getpwuid(os.getuid()).pw_name[:8]
PLAIN = "JOB_ID     JOB_NAME   MD ST  USER     START_DATE      ELAPSE_LIM            NODE_REQUIRE    VNODE  CORE V_MEM"
VERBOSE = (
    "JOB_ID     JOB_NAME   MD ST  USER     GROUP    START_DATE      ELAPSE_TIM ELAPSE_LIM            "
    "NODE_REQUIRE    VNODE  CORE V_MEM         V_POL E_POL RANK      LST EC  PC  SN PRI ACCEPT         RSC_GRP  REASON"
)


@pytest.fixture
def running(login):
    """Return a login node with a job that runs."""
    job_id = login.submit("sleep 60", "-N abcdefghijklmnop")
    login.until_state(job_id, "RUN")
    return login


def started(login):
    return time.strftime("%m/%d %H:%M:%S", time.localtime(login.pjm.jobs()[0].started_at))


def test_the_header_stands_alone_when_there_is_no_job(login):
    assert login.out("pjstat") == [PLAIN]
    assert login.out("pjstat", "-v") == [VERBOSE]
    assert login.out("pjstat", "-H") == [PLAIN]
    assert login.out("pjstat", "--data", "--choose", "jid,st") == ["H,JOB_ID,ST"]


def test_a_running_job_has_ten_letters_of_its_name(running):
    begin = f"1334861    abcdefghij NM RUN {USER:<8} {started(running)}  0000:10:00"
    row = f"{begin}            -               -      -    -"
    assert running.out("pjstat") == [PLAIN, row]


def test_a_running_job_already_shows_codes_of_0(running):
    row = running.out("pjstat", "-v")[1]
    assert " RNA 0   0   0  127 " in row
    assert row.endswith(" share-short -")


def test_chosen_items_come_in_their_order_and_once(running):
    assert running.out("pjstat", "--choose", "st,jid,nonsense,st,jnam") == [
        "JOB_ID     ST  JOB_NAME",
        "1334861    RUN abcdefghij",
    ]


def test_data_is_delimited_and_rows_begin_with_a_delimiter(running):
    chosen = ("--choose", "jid,jnam,st,sdt,ec,pc,sn,ermsg")
    assert running.out("pjstat", "--data", "-v", *chosen) == [
        "H,JOB_ID,JOB_NAME,ST,START_DATE,EC,PC,SN,REASON",
        f",1334861,abcdefghij,RUN, {started(running)},0,0,0,-",
    ]
    assert running.out("pjstat", "--data", "--delimiter", ";", "--choose=jid,st") == ["H;JOB_ID;ST", ";1334861;RUN"]


def test_unknown_ids_are_silently_left_out(running):
    data = ("--data", "--choose", "jid")
    assert running.out("pjstat", *data, "1", "1334861", "99") == ["H,JOB_ID", ",1334861"]
    assert running.out("pjstat", *data, "1334860-1334862") == ["H,JOB_ID", ",1334861"]
    assert running.out("pjstat", *data, "1-2") == ["H,JOB_ID"]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("jid=1+1334861", 1),
        ("jid=1334000-", 1),
        ("jid=-1334860", 0),
        ("jnam=abc*", 1),
        ("jnam=abcdefghijklmnop", 1),
        ("jnam=abcdefghij", 0),
        ("st=RNA+RUN", 1),
        ("st=QUE", 0),
        ("st=RUN,jid=5", 0),
        ("nonsense=1", 0),
    ],
)
def test_filter(running, condition, count):
    assert len(running.out("pjstat", "--filter", condition)) == 1 + count


def test_what_is_wrong_is_said_in_numbered_messages(login):
    unknown = login.refusal("pjstat", "--nonsense")
    assert unknown == (
        "[ERR.] PJM 0201 pjstat Unknown option or no option argument: --nonsense.\n"
        "Try `pjstat --help` for more information.\n"
    )
    assert login.refusal("pjstat", "x1") == "[ERR.] PJM 0211 pjstat Invalid jobid: x1.\n"
    assert login.refusal("pjstat", "-H", "day=366") == "[ERR.] PJM 0204 pjstat Invalid option argument: -H day=366.\n"


def test_a_finished_job_is_in_no_list_for_a_while_then_in_the_history(start):
    login = start(delays={"history": 10_000.0})
    job_id = login.submit("exit 3")
    login.until_state(job_id, "EXT")
    data = ("--data", "--choose", "jid,st,ec")
    assert login.out("pjstat", *data) == login.out("pjstat", *data, "-H") == ["H,JOB_ID,ST,EC"]
    login.pjm.change(delays=DELAYS_S | {"history": 0.0})
    assert login.out("pjstat", *data) == ["H,JOB_ID,ST,EC"]
    assert login.out("pjstat", *data, "-H", job_id) == ["H,JOB_ID,ST,EC", f",{job_id},EXT,3"]


def test_the_history_reaches_back_three_days_if_not_told_otherwise(start):
    login = start(clock=0.0)
    job_id = login.submit("true")
    login.until_state(job_id, "EXT")
    login.pjm.age(job_id, days=5)
    assert len(login.out("pjstat", "-H")) == 1
    assert len(login.out("pjstat", "-H", "day=6")) == 2


def test_the_reason_has_sixteen_letters_and_may_hold_blanks(start):
    login = start(elapse_scale=0.001)
    job_id = login.submit("sleep 60")
    login.until_state(job_id, "EXT")
    login.pjm.age(job_id, days=1)
    rows = login.out("pjstat", "-H", "--data", "--choose", "st,pc,sn,ermsg")
    assert rows == ["H,ST,PC,SN,REASON", ",EXT,11,24,ELAPSE LIMIT EXC"]
