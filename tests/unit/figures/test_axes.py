import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tenbin.figures.axes import count_axis, loss_axis, plain_ticks


@given(st.floats(0.5, 11), st.floats(1.01, 6))
@settings(deadline=None, max_examples=60)
def test_loss_ticks_are_few_round_and_inside(low: float, ratio: float) -> None:
    high = low * ratio
    ticks = plain_ticks(low, high)
    assert len(ticks) <= 8
    assert all(low - 1e-6 <= tick <= high + 1e-6 for tick in ticks)
    assert all(math.isclose(tick, round(tick, 2)) for tick in ticks)


def test_loss_ticks_at_the_scale_of_the_study() -> None:
    assert plain_ticks(3.85, 4.56) == [3.9, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5]
    assert plain_ticks(3.98, 4.04) == [3.98, 3.99, 4.0, 4.01, 4.02, 4.03, 4.04]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (3_312, 396_800, ["3k", "10k", "30k", "100k", "300k"]),
        (3_312, 302_311_424, ["10k", "100k", "1M", "10M", "100M"]),
        (12_768, 50_112, ["20k", "50k"]),
        (3_312, 3_312, ["2k", "5k"]),
    ],
)
def test_sizes_are_labelled_in_plain_numbers(low: float, high: float, labels: list[str]) -> None:
    axes = Figure().subplots()
    count_axis(axes, low, high)
    left, right = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
    assert [axes.xaxis.get_major_formatter()(tick, 0) for tick in ticks] == labels


def test_one_loss_alone_still_makes_an_axis() -> None:
    axes = Figure().subplots()
    loss_axis(axes, 4.0, 4.0)
    assert axes.get_ylim()[0] < 4 < axes.get_ylim()[1]
    assert 4.0 in list(axes.get_yticks())


@pytest.mark.parametrize(("low", "high"), [(134_384, 2_018_112), (3_312, 445_248), (3_312, 302_311_424)])
def test_no_count_is_labelled_twice(low: float, high: float) -> None:
    axes = Figure().subplots()
    count_axis(axes, low, high)
    labelled = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert len(labelled) == len(set(labelled)) >= 3
