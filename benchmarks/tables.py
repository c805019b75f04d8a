"""Rows of the table out of results: what each setting did, and one's speed over another's."""

from collections.abc import Iterable
from statistics import median

from contest import ONE_CORE, Place, Result, ratios
from settings import Work

Row = tuple[str, str, str]


def describe(work: Work, results: Iterable[Result], place: Place = ONE_CORE) -> list[Row]:
    """Return a row for each setting, the fastest first, then those that did not run."""
    ranked = sorted(results, key=lambda result: -result.rate() if result.rounds else 0.0)
    return [(f"{name_task(work, place)}: {result.setting}", tell(result), "") for result in ranked]


def tell(result: Result) -> str:
    """Return what a setting did in a line."""
    if result.failure:
        return f"did not run: {result.failure}"
    return (
        f"{result.rate():,.0f} tokens/s, {result.rate('cpu_s'):,.0f} per processor second on {result.cores():.2f} "
        f"cores, {result.peak_mib:,.0f} MiB, warm after {result.warm_up_s:.0f} s"
    )


def compare(work: Work, ours: Result, theirs: Result | None, goal: str, place: Place = ONE_CORE) -> Row:
    """Return the row of our speed over theirs: median and range of the rounds."""
    figure = f"{name_task(work, place)}: {ours.setting}"
    if theirs is None or not theirs.rounds or not ours.rounds:
        return figure, "not compared: one of the two did not run", goal
    wall, cpu = ratios(ours, theirs), ratios(ours, theirs, "cpu_s")
    measured = f"{median(wall):.1f} x ({min(wall):.1f} to {max(wall):.1f}); {median(cpu):.1f} x by processor time"
    return f"{figure} over {theirs.setting}", measured, goal


def compare_memory(work: Work, ours: Result, theirs: Result | None, goal: str) -> Row:
    """Return the row of our peak memory over theirs."""
    figure = f"peak memory, {name_task(work)}: {ours.setting}"
    if theirs is None or not theirs.rounds or not ours.rounds:
        return figure, "not compared: one of the two did not run", goal
    measured = f"{ours.peak_mib / theirs.peak_mib:.2f} x ({ours.peak_mib:,.0f} of {theirs.peak_mib:,.0f} MiB)"
    return f"{figure} over {theirs.setting}", measured, goal


def name_task(work: Work, place: Place = ONE_CORE) -> str:
    """Return what is done and where."""
    return f"{'training' if work.task == 'train' else 'scoring'} {work}, {place}"
