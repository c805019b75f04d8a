"""Wisteria's table: what users have published of it, verbatim, and no row that is believed when it was cut."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_pjm.dialects import wisteria
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

BANNER = "Wisteria/BDEC-01 scheduled stop time: 2024/11/22(Fri) 09:00:00 (Remain: 22days 16:57:27)\n\n"
HEADER = (
    "JOB_ID       JOB_NAME   STATUS  PROJECT    RSCGROUP          START_DATE        ELAPSE           TOKEN"
    "           NODE  GPU\n"
)
ROWS = (
    "5170490      J03_signal RUNNING gg53       short-a           10/30 15:39:41<   00:22:53           9.2"
    "              1    8\n"
    "5170614      J01_exampl QUEUED  gg53       short-a           (10/30 18:00)<    00:00:00        (48.0)"
    "              1    8\n"
)
LIVE = BANNER + HEADER + ROWS
EMPTY = f"{BANNER}No unfinished job found.\n"
ENDED = "1334861 STDIN END gr58interactive-o_n1 03/02 11:16:33  00:02:14 - 1 -\n"
STATUSES = {
    "5170490": JobStatus("5170490", "J03_signal", "RUNNING", Phase.RUNNING),
    "5170614": JobStatus("5170614", "J01_exampl", "QUEUED", Phase.QUEUED),
}
IDS = st.integers(1, 10**9).map(str)
NAMES = st.text("abcdefghij0123456789_-.", min_size=1, max_size=10)
JOBS = st.dictionaries(IDS, st.tuples(NAMES, st.sampled_from(sorted(wisteria.PHASES))), min_size=1, max_size=4)


def render(jobs: dict[str, tuple[str, str]]) -> str:
    """Return a table in the columns of the published one; the right half in the forms that it takes."""
    rows = "".join(
        f"{job_id:<13}{name:<11}{word:<8}gr58interactive-o_n1 (03/02 11:16)< 00:02:14 (48.0) 1 -\n"
        for job_id, (name, word) in jobs.items()
    )
    return BANNER + HEADER + rows


def test_the_whole_table_is_asked_for():
    assert wisteria.live(["1"]).argv == ("pjstat",)
    assert wisteria.history(["1"]).argv == ("pjstat", "-H")


def test_the_published_table_is_read():
    assert wisteria.live(list(STATUSES)).read(LIVE) == STATUSES
    assert wisteria.live([]).read(LIVE) == STATUSES
    assert wisteria.live(["5170614"]).read(LIVE) == {"5170614": STATUSES["5170614"]}


def test_without_unfinished_jobs_none_is_listed():
    assert wisteria.live(["1"]).read(EMPTY) == {}


def test_columns_that_run_into_each_other_do_no_harm():
    ended = JobStatus("1334861", "STDIN", "END", Phase.ENDED)
    assert wisteria.history(["1334861"]).read(BANNER + HEADER + ENDED) == {"1334861": ended}


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("QUEUED", Phase.QUEUED),
        ("RUNNING", Phase.RUNNING),
        ("HOLD", Phase.HELD),
        ("ERROR", Phase.STUCK),
        ("END", Phase.ENDED),
        ("CANCEL", Phase.CANCELLED),
        ("REJECT", Phase.REJECTED),
        ("SOMETHING", Phase.UNKNOWN),
    ],
)
def test_every_word_has_its_phase(word: str, phase: Phase) -> None:
    assert wisteria.live(["1"]).read(f"{HEADER}1 name {word} gg53\n")["1"].phase is phase


def test_a_history_may_be_empty_but_a_live_table_says_so_in_words():
    assert wisteria.history(["1"]).read(BANNER + HEADER) == {}
    with pytest.raises(StatusUnknown, match="a header and no rows"):
        wisteria.live(["1"]).read(BANNER + HEADER)


@pytest.mark.parametrize("row", ["7 my job RUNNING gg53\n", "7 name\n", "7\n", "7 longname_xRUNNING gg53 short-a\n"])
def test_an_odd_row_matters_only_if_it_was_asked_for(row):
    answer = BANNER + HEADER + row + ROWS
    assert wisteria.live(list(STATUSES)).read(answer) == wisteria.live([]).read(answer) == STATUSES
    with pytest.raises(StatusUnknown, match="no state in its third column"):
        wisteria.live(["7"]).read(answer)


@pytest.mark.parametrize("answer", ["", BANNER, "Connection closed by foreign host.\n"])
def test_without_a_table_nothing_is_known(answer):
    for question in (wisteria.live(["1"]), wisteria.history(["1"])):
        with pytest.raises(StatusUnknown, match="printed no table"):
            question.read(answer)


@pytest.mark.parametrize("answer", [LIVE, EMPTY])
def test_cut_inside_of_a_line_nothing_is_believed(answer):
    for length in range(len(answer)):
        if answer[:length].endswith("\n"):
            with contextlib.suppress(StatusUnknown):
                assert wisteria.live([]).read(answer[:length]).items() <= STATUSES.items()
        else:
            with pytest.raises(StatusUnknown):
                wisteria.live([]).read(answer[:length])


@given(jobs=JOBS)
def test_rendered_tables_parse_back(jobs):
    expected = {job_id: JobStatus(job_id, name, word, wisteria.PHASES[word]) for job_id, (name, word) in jobs.items()}
    assert wisteria.live(list(jobs)).read(render(jobs)) == expected


@given(place=st.integers(0, len(LIVE) - 1), junk=st.text(max_size=4))
def test_garbage_raises_nothing_else(place, junk):
    with contextlib.suppress(StatusUnknown):
        wisteria.live([]).read(LIVE[:place] + junk + LIVE[place + 1 :])


@given(answer=st.text())
def test_noise_holds_no_jobs(answer):
    with contextlib.suppress(StatusUnknown):
        assert wisteria.live([]).read(answer) == {}
