"""Why jobs would run, in a reader's words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from priced import planned

from tenbin.pricing.causes import CAUSES, FOLLOWS, count_causes, find_cause
from tenbin.pricing.identities import PlannedJob


def params(before: object, now: object) -> str:
    """Return a reason as Snakemake 9.27 spells it for one changed param that is JSON."""
    return (
        "Params have changed since last execution: Union of exclusive params before and now across all output: "
        f"before: {json.dumps(before)!r} now: {json.dumps(now)!r} "
    )


# Reasons as Snakemake 9.27.1 printed them.
SEEN = {
    "Missing output files: results/a.json": "not made yet",
    "Missing output files: a.csv; Input files updated by another job: b.json, c.json": "not made yet",
    "Input files updated by another job: results/runs/a/spec.json": FOLLOWS,
    "Updated input files: text/en.jsonl": "an input changed (text/en.jsonl)",
    "Updated input files: a, b, c; Input files updated by another job: d": "an input changed (a and 2 more)",
    "Code has changed since last execution": "its rule changed",
    "Set of input files has changed since last execution": "other inputs than before",
    "Incomplete output files: a.json": "was cut off",
    "Forced execution": "asked for by name",
    "Software environment definition has changed since last execution": "its environment changed",
    "Input files updated by another job: d; Code has changed since last execution": "its rule changed",
    "Something that no version said before": "Something that no version said before",
}


@pytest.mark.parametrize(("reason", "cause"), SEEN.items())
def test_reasons_become_causes(reason: str, cause: str) -> None:
    assert find_cause(reason) == cause


def test_a_changed_setting_is_named_with_both_values() -> None:
    before = {"schedule": {"steps": 12, "peak_learning_rate": 0.01}, "size": "e3"}
    now = {"schedule": {"steps": 12, "peak_learning_rate": 0.02}, "size": "e3"}
    assert find_cause(params(before, now)) == "settings changed (schedule.peak_learning_rate 0.01 -> 0.02)"
    both = f"{params(before, now)}; Input files updated by another job: x"
    assert find_cause(both) == "settings changed (schedule.peak_learning_rate 0.01 -> 0.02)"


def test_keys_that_came_or_went_many_changes_and_long_values() -> None:
    assert find_cause(params({"a": 1}, {"b": None, "c": 2})) == "settings changed (a 1 -> none, c none -> 2)"
    many = find_cause(params(dict.fromkeys("abcde", 1), dict.fromkeys("abcde", 2)))
    assert many == "settings changed (a 1 -> 2, b 1 -> 2, c 1 -> 2 and 2 more)"
    assert len(find_cause(params({"a": "x" * 1000}, {"a": "y" * 1000}))) < 150


@pytest.mark.parametrize(
    "text",
    [
        "before: <nothing exclusive> now: 'true'",
        "before: 'a' 'b' now: 'c'",
        "before: '--recipe' now: 2",
        "before: 1 now: 2",
        "nothing that we know",
    ],
)
def test_params_that_are_no_json_are_not_explained(text: str) -> None:
    assert find_cause(f"Params have changed since last execution: {text}") in (
        "settings changed",
        "settings changed (value 1 -> 2)",
    )


@given(st.text())
def test_any_reason_has_a_cause(reason: str) -> None:
    assert isinstance(find_cause(reason), str)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values, values)
def test_any_change_of_a_json_param_is_a_changed_setting(before: object, now: object) -> None:
    assert find_cause(params(before, now)).startswith("settings changed")


def test_jobs_are_counted_by_their_first_cause() -> None:
    jobs = [PlannedJob("a", {}, "Missing output files: x"), PlannedJob("a", {}, "Forced execution")]
    jobs.append(PlannedJob("a", {}, "Missing output files: y; Input files updated by another job: z"))
    assert count_causes(jobs) == {"not made yet": 2, CAUSES["Forced execution"]: 1}
    assert planned("a").reason == ""
