"""Logarithmic axes with plain numbers: 10k and 4.2 are read faster than powers of ten."""

import math

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from tenbin.figures.labels import short_count

LOSS_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MOST_LOSS_TICKS = 8
MARGIN_SHARE = 0.06


def count_axis(axes: Axes, low: float, high: float) -> None:
    """Make x logarithmic from `low` to `high` (counts), with a margin and labels such as 10k and 1M."""
    margin = (high / low) ** MARGIN_SHARE if high > low else 2.0
    axes.set_xscale("log")
    axes.set_xlim(low / margin, high * margin)
    axes.xaxis.set_major_locator(LogLocator(subs=_major_digits(math.log10(high / low)), numticks=20))
    axes.xaxis.set_minor_locator(LogLocator(subs=tuple(range(1, 10)), numticks=200))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def power_axis(axes: Axes, low: float, high: float) -> None:
    """Make x logarithmic from `low` to `high`, with a margin and powers of ten: for numbers without names."""
    margin = (high / low) ** MARGIN_SHARE if high > low else 2.0
    axes.set_xscale("log")
    axes.set_xlim(low / margin, high * margin)
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_formatter(NullFormatter())


def loss_axis(axes: Axes, low: float, high: float) -> None:
    """Make y logarithmic from `low` to `high` (nats per token), with a margin and labels such as 4.2."""
    margin = max((high / low) ** MARGIN_SHARE, 1.002)
    axes.set_yscale("log")
    axes.set_ylim(low / margin, high * margin)
    ticks = plain_ticks(low / margin, high * margin)
    digits = 2 if len(ticks) > 1 and ticks[1] - ticks[0] < 0.099 else 1
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.{digits}f}"))


def plain_log_axis(axes: Axes, low: float, high: float) -> None:
    """Make y logarithmic from `low` to `high`, with a margin and plain numbers at 1, 2 and 5 of each decade."""
    margin = max((high / low) ** MARGIN_SHARE, 1.002)
    axes.set_yscale("log")
    axes.set_ylim(low / margin, high * margin)
    axes.yaxis.set_major_locator(LogLocator(subs=_major_digits(math.log10(high / low)), numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def plain_ticks(low: float, high: float) -> list[float]:
    """Return the round numbers between two values, at the finest step that leaves at most eight of them."""
    for step in LOSS_STEPS:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < MOST_LOSS_TICKS:
            return [round(step * number, 2) for number in range(first, last + 1)]
    return [low, high]


def _major_digits(decades: float) -> tuple[float, ...]:
    if decades < 1.5:
        return (1.0, 2.0, 5.0)
    return (1.0, 3.0) if decades < 3 else (1.0,)
