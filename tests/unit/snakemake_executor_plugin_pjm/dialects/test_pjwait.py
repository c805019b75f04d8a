"""`pjwait -w waitnone`: the manuals' samples, and no number that is believed when it was cut."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_pjm.dialects import dialect_of, pjwait
from snakemake_executor_plugin_pjm.status import JobStatus, Phase, StatusUnknown

NUMBERS = st.none() | st.integers(0, 255)


def ended(job_id: str, pjm_code: int, exit_code: int | None, signal: int | None) -> JobStatus:
    return JobStatus(job_id, "", "ended", Phase.ENDED, pjm_code, exit_code, signal)


@st.composite
def jobs(draw: st.DrawFn) -> JobStatus:
    job_id, word = str(draw(st.integers(1, 10**9))), draw(st.sampled_from(["X", "E", "H", "ended"]))
    if word != "ended":
        return JobStatus(job_id, "", word, pjwait.PHASES[word])
    return ended(job_id, draw(st.integers(0, 180)), draw(NUMBERS), draw(NUMBERS))


def render(statuses: list[JobStatus]) -> str:
    return "".join(f"{row(status)}\n" for status in statuses)


def row(status: JobStatus) -> str:
    code = status.word if status.word in pjwait.PHASES else str(status.pjm_code)
    others = ["-" if number is None else str(number) for number in (status.exit_code, status.signal)]
    return " ".join([status.job_id, code, *others])


def test_it_is_told_not_to_wait():
    assert pjwait.live(["1", "2"]).argv == ("pjwait", "-w", "waitnone", "1", "2")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("5300 0 0 -\n", ended("5300", 0, 0, None)),
        ("5301 0 1 -\n", ended("5301", 0, 1, None)),
        ("11 1 1 9\n", ended("11", 1, 1, 9)),
        ("12 0 1 0\n", ended("12", 0, 1, 0)),
        ("7 X - -\n", JobStatus("7", "", "X", Phase.RUNNING)),
        ("7 E - -\n", JobStatus("7", "", "E", Phase.STUCK)),
        ("7 H - -\n", JobStatus("7", "", "H", Phase.HELD)),
        ("7 Q - -\n", JobStatus("7", "", "Q", Phase.UNKNOWN)),
        ("13_1 1 0 0\n", ended("13_1", 1, 0, 0)),
        ("13 - - -\n", JobStatus("13", "", "-", Phase.UNKNOWN)),
    ],
)
def test_every_sample_is_read(answer, status):
    assert pjwait.live([status.job_id]).read(answer) == {status.job_id: status}


def test_unknown_jobs_are_not_listed():
    assert pjwait.live(["1", "2"]).read("") == {}
    assert pjwait.live(["1", "2"]).read("2 X - -\n").keys() == {"2"}


@pytest.mark.parametrize(
    "answer", ["5301 0 1 -", "5301 0 1\n", "5301 0 1 - -\n", "x 0 1 -\n", "1 0 1- 9\n", "1 0x0 0 0\n"]
)
def test_what_cannot_be_read_is_not_guessed(answer):
    with pytest.raises(StatusUnknown):
        pjwait.live(["1", "5301"]).read(answer)


def test_jobs_are_found_by_name_and_in_the_history_by_pjstat():
    dialect = dialect_of("pjwait", "none")
    assert (dialect.live(["1"]).argv[0], dialect.history(["1"]).argv[:2]) == ("pjwait", ("pjstat", "-H"))
    assert dialect_of("pjwait", "wisteria").all_live([]).argv == ("pjstat",)


@pytest.mark.parametrize(
    ("name", "site", "length"),
    [
        ("auto", "wisteria", 1),
        ("auto", "none", 5),
        ("auto", "genkai", 5),
        ("tcs", "wisteria", 5),
        ("wisteria", "none", 1),
    ],
)
def test_without_a_wish_the_site_decides(name, site, length):
    assert len(dialect_of(name, site).live([]).argv) == length


@given(statuses=st.lists(jobs(), max_size=6, unique_by=lambda job: job.job_id))
def test_rendered_answers_parse_back(statuses):
    ids = [status.job_id for status in statuses]
    assert pjwait.live(ids).read(render(statuses)) == {status.job_id: status for status in statuses}


@given(statuses=st.lists(jobs(), min_size=1, max_size=4, unique_by=lambda job: job.job_id))
def test_cut_anywhere_no_row_is_wrong(statuses):
    answer, known = render(statuses), {job.job_id: job for job in statuses}
    for length in range(len(answer)):
        with contextlib.suppress(StatusUnknown):
            assert pjwait.live(list(known)).read(answer[:length]).items() <= known.items()
        if length and not answer[:length].endswith("\n"):
            with pytest.raises(StatusUnknown, match="cut short"):
                pjwait.live(list(known)).read(answer[:length])


@given(answer=st.text())
def test_noise_holds_no_jobs(answer):
    with contextlib.suppress(StatusUnknown):
        assert pjwait.live(["1"]).read(answer) == {}
