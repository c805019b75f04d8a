"""`pjstat --data`: the manual's example, every state, and no answer that is believed when it was cut or garbled."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snakemake_executor_plugin_pjm.dialects import tcs
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

HEADER = "H,JOB_ID,ST,EC,PC,SN,RSC_GRP,ELAPSE_TIM,JOB_NAME,REASON"
ANSWER = f"""{HEADER}
,64856,RUN,0,0,0,small,0000:09:11,ab12cd34ef,-
,64857,EXT,1,11,24,small,0001:00:00,bb12cd34ef,ELAPSE LIMIT EXC
,64858,HLD,-,4,-,small,0000:00:00,cb12cd34ef,user1:wait, please
"""
STATUSES = {
    "64856": JobStatus("64856", "ab12cd34ef", "RUN", Phase.RUNNING, 0, 0, 0, "", "small", "0000:09:11"),
    "64857": JobStatus("64857", "bb12cd34ef", "EXT", Phase.ENDED, 11, 1, 24, "ELAPSE LIMIT EXC", "small", "0001:00:00"),
    "64858": JobStatus(
        "64858", "cb12cd34ef", "HLD", Phase.HELD, 4, None, None, "user1:wait, please", "small", "0000:00:00"
    ),
}
NONE: frozenset[str] = frozenset()
CELL = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"], exclude_characters=","), max_size=16)
FREE = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=16)


def numbers(limit: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(0, limit)


@st.composite
def jobs(draw: st.DrawFn) -> JobStatus:
    word = draw(st.sampled_from(sorted(tcs.PHASES)))
    reason, cells = draw(FREE).strip(), [draw(CELL).strip() for _ in range(3)]
    codes = draw(st.tuples(numbers(180), numbers(255), numbers(64)))
    name, rscgrp, elapsed = cells
    shown = "" if reason == "-" else reason
    job_id = str(draw(st.integers(1, 10**10)))
    return JobStatus(job_id, name, word, tcs.PHASES[word], *codes, shown, rscgrp, elapsed)


def render(statuses: list[JobStatus]) -> str:
    return "".join(f"{line}\n" for line in [HEADER, *map(row, statuses)])


def row(job: JobStatus) -> str:
    codes = ["-" if code is None else str(code) for code in (job.exit_code, job.pjm_code, job.signal)]
    return ",".join(
        ["", job.job_id, job.word, *codes, job.rscgrp, job.elapsed, job.name, job.reason or "-"],
    )


def test_one_command_asks_for_everything_about_all_jobs():
    items = "jid,st,ec,pc,sn,rscg,elp,jnam,ermsg"
    assert tcs.live(["1", "2"]).argv == ("pjstat", "--data", "-v", "--choose", items, "1", "2")
    assert tcs.history(["1", "2"]).argv == ("pjstat", "-H", "--data", "-v", "--choose", items, "1", "2")


def test_an_answer_is_read():
    assert tcs.live(list(STATUSES)).read(ANSWER) == STATUSES
    assert tcs.live([]).read(ANSWER) == STATUSES


def test_only_jobs_that_were_asked_for_count():
    assert tcs.live(["64857", "1"]).read(ANSWER) == {"64857": STATUSES["64857"]}


def test_the_manuals_example_is_read():
    answer = (
        "H,RSCUNIT,RSCGRP,,JOB_ID,JOB_NAME,MD,ST,USER,START_DATE,ELAPSE_LIM,NODE_REQUIRE,VNODE,CORE,V_MEM\n"
        ",unit1,group1,2927,jobA,NM,RUN,user1, 08/06 10:41:45,0001:00:00,2,-,-,-\n"
    )
    assert tcs.live(["2927"]).read(answer) == {"2927": JobStatus("2927", "jobA", "RUN", Phase.RUNNING)}


def test_columns_are_found_by_name_whatever_their_order_and_their_number():
    answer = "H,NEW,PC,JOB_ID,EC,ST\n,x,20,7,0,EXT\n"
    assert tcs.live(["7"]).read(answer) == {"7": JobStatus("7", "", "EXT", Phase.ENDED, pjm_code=20, exit_code=0)}


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        *((word, Phase.QUEUED) for word in ("ACC", "QUE")),
        *((word, Phase.RUNNING) for word in ("RNA", "RNP", "RUN", "RNE", "RNO", "SPP", "SPD", "RSM")),
        ("HLD", Phase.HELD),
        ("ERR", Phase.STUCK),
        ("EXT", Phase.ENDED),
        ("CCL", Phase.CANCELLED),
        ("RJT", Phase.REJECTED),
        ("XYZ", Phase.UNKNOWN),
    ],
)
def test_every_state_has_its_phase(word: str, phase: Phase) -> None:
    assert tcs.live([]).read(f"H,JOB_ID,ST\n,1,{word}\n")["1"].phase is phase


@pytest.mark.parametrize(
    "note",
    [
        "[INFO] PJM 0281 pjstat Data loading...\n",
        "[INFO] PJM 0281 pjstat Data loading.......",
        "[INFO.] PJM 0281 pjstat Bitte warten...\n",
        "[WARN] PJM 0299 pjstat 3 jobs are not shown, ask for them.\n",
        "\n  \n",
    ],
)
def test_notes_are_no_part_of_the_table(note):
    assert tcs.live([]).read(note + ANSWER) == STATUSES


def test_an_answer_without_lines_lists_no_job():
    assert tcs.live(["1"]).read("") == tcs.live(["1"]).read("[INFO] PJM 0281 pjstat Data loading...\n") == {}
    assert tcs.live(["1"]).read(f"{HEADER}\n") == {}


def test_a_comma_in_another_jobs_name_spoils_nothing_but_the_name():
    answer = f"{HEADER}\n,5,EXT,0,0,-,small,0000:00:01,a,b,-\n"
    job = tcs.live([]).read(answer)["5"]
    assert (job.word, job.exit_code, job.name) == ("EXT", 0, "a")


@pytest.mark.parametrize("mark", ["\v", "\f", "\x1c", "\x85", "\u2028"])
def test_only_a_newline_ends_a_row(mark):
    answer = f"H,JOB_ID,ST,REASON\n,5,RUN,as{mark},6,EXT,told\n"
    assert tcs.live([]).read(answer).keys() == {"5"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ANSWER[:-1], "cut short"),
        (",1,RUN\n", "where a table was expected"),
        ("H,JOB_ID,EC\n,1,0\n", "no JOB_ID or no ST"),
        ("H,JOB_ID,ST,EC\n,1,RUN\n", "2 cells of 3"),
        ("H,JOB_ID,ST,EC\n,1,EXT,O\n", "'O' is no number"),
        ("H,JOB_ID,ST\n,1a,RUN\n", "'1a' is no job id"),
        ("H,JOB_ID,ST\n,1,-\n", "'-' is no state"),
        (f"{HEADER}\nSegmentation fault\n", "Segmentation fault"),
        ("H,JOB_ID,ST,EC\n,1,EXT," + 5000 * "9" + "\n", "is no number"),
    ],
)
def test_what_cannot_be_read_is_not_guessed(answer, words):
    with pytest.raises(StatusUnknown, match=words):
        tcs.live([]).read(answer)


@given(statuses=st.lists(jobs(), max_size=6, unique_by=lambda job: job.job_id))
def test_rendered_listings_parse_back(statuses):
    assert tcs.live([]).read(render(statuses)) == {job.job_id: job for job in statuses}


@given(statuses=st.lists(jobs(), min_size=1, max_size=3, unique_by=lambda job: job.job_id))
def test_cut_anywhere_no_row_is_wrong(statuses):
    answer, known = render(statuses), {job.job_id: job for job in statuses}
    for length in range(len(answer)):
        with contextlib.suppress(StatusUnknown):
            assert tcs.live([]).read(answer[:length]).items() <= known.items()


def test_cut_inside_of_a_line_nothing_is_believed():
    for length in range(1, len(ANSWER)):
        if ANSWER[length - 1] != "\n":
            with pytest.raises(StatusUnknown, match="cut short"):
                tcs.live([]).read(ANSWER[:length])


@given(place=st.integers(0, len(ANSWER) - 1), junk=st.text(min_size=1, max_size=4))
@example(place=ANSWER.index(",11,") + 1, junk="٣")
def test_garbage_raises_nothing_else(place, junk):
    with contextlib.suppress(StatusUnknown):
        tcs.live([]).read(ANSWER[:place] + junk + ANSWER[place + 1 :])


@given(answer=st.text() | st.binary().map(lambda content: content.decode("utf-8", "replace")))
def test_noise_holds_no_jobs(answer):
    with contextlib.suppress(StatusUnknown):
        assert tcs.live([]).read(answer) == {}


def test_statuses_compare_by_all_they_say():
    assert replace(STATUSES["64856"], pjm_code=1) != STATUSES["64856"]
