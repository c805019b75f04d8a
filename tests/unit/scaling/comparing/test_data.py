"""What tokens are worth: known multipliers come back from either side's lengths, and nothing is guessed."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.scaling.comparing.data import describe_data
from tenbin.scaling.comparing.pairs import CurvePair, PairedSize
from tenbin.scaling.intervals import ReplicatedLosses
from tenbin.scaling.points import Curve, Point, RunId, SizePoints
from tenbin.study.comparisons import Comparison

TOKENS = {"short": 1e6, "long": 2e6, "longer": 4e6}
SHARE = 0.5


def loss_of(tokens: float) -> float:
    """Return a loss that is a straight line in logarithms."""
    return 40 * tokens**-0.15


def describe(
    worth: float,
    runs: dict[str, list[str]],
    at: tuple[str, str] = ("short", "long"),
    noise: float = 0.0,
    **changed: Any,
) -> dict[str, Any]:
    """Return a size's columns, where a token of the language is worth so many alone; runs by mix: its schedules."""
    rng = np.random.default_rng(2)
    points = {
        RunId(mix, "e3", schedule, seed): make_point(
            RunId(mix, "e3", schedule, seed),
            loss_of(TOKENS[schedule] * (SHARE * worth if mix == "enja" else 1))
            * math.exp(noise * rng.standard_normal()),
            **changed,
        )
        for mix, schedules in runs.items()
        for schedule in schedules
        for seed in (0, 1, 2)
    }
    sides = [make_side(points, mix, schedule) for mix, schedule in zip(("en", "enja"), at, strict=True)]
    comparison = Comparison(
        language="en", mono_mix="en", mono_schedule=at[0], mix="enja", mix_schedule=at[1], at="equal steps",
        mix_share=SHARE, mono_schedules=tuple(runs["en"]), mix_schedules=tuple(runs["enja"]),
    )  # fmt: skip
    pair = CurvePair(*(Curve(side.points[0].run.mix, "s", "v", (side,)) for side in sides), lengths=points)
    replicated = ReplicatedLosses({run: np.full(8, p.loss) for run, p in points.items()}, dict.fromkeys(points, ""), 9)
    (row,) = describe_data(comparison, pair, [PairedSize(*sides)], replicated)
    return row


def make_point(run: RunId, lawful: float, **changed: Any) -> Point:
    tokens = changed.get("tokens", TOKENS[run.schedule])
    loss = changed.get("loss", lawful)
    return Point(run, "v", "en", {"n_nonembedding": 10}, loss, None, None, None, tokens=tokens)


def make_side(points: dict[RunId, Point], mix: str, schedule: str) -> SizePoints:
    those = tuple(points[RunId(mix, "e3", schedule, seed)] for seed in (0, 1, 2))
    return SizePoints("e3", those[0].n, those)


@settings(deadline=None)
@given(st.floats(0.55, 1.9))
def test_both_sides_lengths_give_the_same_worth(worth: float) -> None:
    by_mix = describe(worth, {"en": ["short"], "enja": ["short", "long"]})
    by_mono = describe(worth, {"en": ["short", "long"], "enja": ["long"]})
    for row in (by_mix, by_mono):
        assert row["data_multiplier"] == pytest.approx(worth)
        assert row["transfer_score"] == pytest.approx(2 - 2 / worth)
        assert row["data_note"] == ""


def test_no_worth_is_a_transfer_score_of_zero() -> None:
    row = describe(1.0, {"en": ["short"], "enja": ["short", "long", "longer"]})
    assert row["transfer_score"] == pytest.approx(0, abs=1e-9)


def test_noise_of_seeds_is_in_the_interval() -> None:
    row = describe(1.2, {"en": ["short"], "enja": ["short", "long"]}, noise=0.002)
    assert row["data_multiplier_low"] < 1.2 < row["data_multiplier_high"]
    assert row["transfer_score_low"] == pytest.approx(2 - 2 / row["data_multiplier_low"])


def test_one_length_a_side_decides_nothing() -> None:
    row = describe(1.0, {"en": ["short"], "enja": ["long"]})
    assert row["data_multiplier"] is row["transfer_score"] is row["data_multiplier_low"] is None
    assert "two numbers of steps" in row["data_note"]


def test_far_beyond_the_lengths_nothing_is_said() -> None:
    row = describe(20.0, {"en": ["short"], "enja": ["short", "long"]})
    assert row["data_multiplier"] is None
    assert "the tokens needed lie below 500000 to 4e+06" in row["data_note"]


def test_an_end_beyond_the_lengths_is_left_open() -> None:
    row = describe(1.9, {"en": ["short"], "enja": ["short", "long"]}, noise=0.03)
    assert None in (row["data_multiplier_low"], row["data_multiplier_high"])
    assert "an end of the interval lies beyond" in row["data_note"]


def test_a_table_without_tokens_says_so() -> None:
    row = describe(1.0, {"en": ["short"], "enja": ["short", "long"]}, tokens=None)
    assert "no column tokens" in row["data_note"]


def test_losses_that_do_not_fall_with_tokens_decide_nothing() -> None:
    row = describe(1.0, {"en": ["short"], "enja": ["short", "long"]}, loss=3.0)
    assert "does not fall with tokens" in row["data_note"]
