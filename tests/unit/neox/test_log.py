"""Events are found in a log whatever else is written into it, and a death is told by its cause."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.neox.log import MARK, Event, LogReader, StateSaved, StepDone, last_words, parse_event, spell_event

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
steps = st.builds(
    StepDone,
    step=st.integers(1, 10**9),
    loss=numbers,
    gradient_norm=st.none() | numbers,
    learning_rate=st.floats(0, 1),
    seconds=st.floats(0, 1e6),
    loss_scale=st.none() | numbers,
)
events = steps | st.builds(StateSaved, step=st.integers(0, 10**9))
chatter = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60).filter(
    lambda text: MARK not in text
)


@given(events)
def test_an_event_comes_back_with_every_digit(event: Event) -> None:
    _, line, _ = spell_event(event).split("\n")
    assert parse_event(line) == event


@given(st.lists(st.tuples(chatter, st.booleans(), events), max_size=8), st.integers(1, 40))
def test_events_are_found_between_the_lines_of_others_however_the_log_is_cut(
    said: list[tuple[str, bool, Event]], size: int
) -> None:
    text = "".join(before + ("\n" if finished else "") + spell_event(event) for before, finished, event in said)
    log = text.encode()
    reader = LogReader()
    pieces = [log[start : start + size] for start in range(0, len(log), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == [event for _, _, event in said]


@given(st.lists(events, min_size=1, max_size=3), st.data())
def test_an_unfinished_line_is_no_event(written: list[Event], data: st.DataObject) -> None:
    log = "".join(map(spell_event, written)).encode()
    cut = data.draw(st.integers(1, len(spell_event(written[-1]).encode()) - 1))
    assert list(LogReader().feed(log[:-cut])) == written[:-1]


@given(st.text(max_size=80) | chatter.map(lambda text: f"{MARK} {text}"))
def test_nothing_else_is_an_event_or_an_error(line: str) -> None:
    assert parse_event(line) is None


@pytest.mark.parametrize(
    "content",
    [
        '{"event": "step", "step": 1}',
        '{"event": "saved", "step": Infinity}',
        '{"event": "other", "step": 1}',
        "{}",
        "[]",
        "3",
        '{"event": "saved"}',
        '{"ev',
    ],
)
def test_a_damaged_line_is_no_event(content: str) -> None:
    assert parse_event(f"{MARK} {content}") is None


def test_a_loss_that_is_no_number_comes_through() -> None:
    event = StepDone(3, math.nan, None, 0.1, 1.0)
    found = parse_event(spell_event(event))
    assert isinstance(found, StepDone)
    assert math.isnan(found.loss)
    assert not found.is_finite
    assert not StepDone(3, 1.0, math.inf, 0.1, 1.0).is_finite
    assert StepDone(3, 1.0, None, 0.1, 1.0).is_finite, "skipped by fp16's loss scaling"


TRACEBACK = """\
building GPT2 model ...
[rank1]: Traceback (most recent call last):
[rank1]:   File "/x/megatron/training.py", line 10, in train
[rank1]:     raise ValueError("first")
[rank1]: ValueError: the optimizer has no state
E1123 12:22:38 torch/distributed/elastic/multiprocessing/api.py:984] failed (exitcode: 1) local_rank: 1
Traceback (most recent call last):
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
  time      : 2026-11-23_12:22:38
  exitcode  : 1 (pid: 17)
"""


def test_a_death_is_told_by_the_first_error_of_a_rank() -> None:
    assert last_words(TRACEBACK) == "ValueError: the optimizer has no state"
    assert last_words("x\ntenbin: error: no GPU\nValueError: y\n") == "tenbin: error: no GPU"
    assert last_words("torch.OutOfMemoryError: CUDA out of memory. Tried\n") == (
        "torch.OutOfMemoryError: CUDA out of memory. Tried"
    )


def test_without_an_error_the_last_lines_are_told() -> None:
    event = spell_event(StateSaved(3))
    assert last_words(f"a\nb\n\nc\nd\n{event}----\n") == "b / c / d"
    assert last_words("") == "it said nothing"
