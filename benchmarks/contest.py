"""Programs that take turns on one machine: each a process of its own, measured in rounds beside its neighbours.

All processes of a contest are started and warmed up (compiled) first, one after the other. Then, in every round, each
is let run for a window, in turn, while the others wait: what slows the machine for a while slows neighbours alike, and
a ratio is the median of the rounds' ratios.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from measured import FailedError, Measured, Record
from settings import Setting, Work

Clock = Literal["wall_s", "cpu_s"]


@dataclass(frozen=True)
class Place:
    """Processes side by side, each with so many threads, a core a thread."""

    processes: int = 1
    threads: int = 1

    def __str__(self) -> str:
        if self == ONE_CORE:
            return "one core"
        return f"{self.processes} process{'es' if self.processes > 1 else ''} x {self.threads} thread(s)"

    def cores(self) -> list[list[int]]:
        """Return the cores of each process."""
        here = sorted(os.sched_getaffinity(0))
        return [here[number * self.threads :][: self.threads] for number in range(self.processes)]


ONE_CORE = Place()


@dataclass
class Result:
    """What a setting did, or why it did not run."""

    setting: Setting
    failure: str = ""
    warm_up_s: float = 0.0
    """Until the third step, compiling included."""
    peak_mib: float = 0.0
    """Largest resident memory of its processes together, without the compilers that they start."""
    rounds: list[list[Record]] = field(default_factory=list)
    """Windows of the processes, by round."""

    def rates(self, clock: Clock = "wall_s") -> list[float]:
        """Return the tokens per second of every round: of wall time of all processes, or of processor time."""
        if clock == "wall_s":
            return [sum(window["tokens"] / window["wall_s"] for window in windows) for windows in self.rounds]
        return [
            sum(window["tokens"] for window in windows) / sum(window["cpu_s"] for window in windows)
            for windows in self.rounds
        ]

    def rate(self, clock: Clock = "wall_s") -> float:
        """Return the median of the rounds."""
        return median(self.rates(clock))

    def cores(self) -> float:
        """Return how many cores it really had, the median of the rounds: less than planned tells of a busy machine."""
        return median(sum(window["cpu_s"] / window["wall_s"] for window in windows) for windows in self.rounds)


def ratios(ours: Result, theirs: Result, clock: Clock = "wall_s") -> list[float]:
    """Return our rate over theirs in every round."""
    return [a / b for a, b in zip(ours.rates(clock), theirs.rates(clock), strict=True)]


def best(results: Iterable[Result]) -> Result | None:
    """Return the fastest of those that ran."""
    return max((result for result in results if result.rounds), key=Result.rate, default=None)


def compete(
    work: Work, settings: Iterable[Setting], folder: Path, rounds: int, place: Place = ONE_CORE
) -> list[Result]:
    """Let settings do the work in turn; `folder` holds the token ids and takes what torch compiles."""
    with ExitStack() as stack:
        teams = [Team(stack, work, setting, folder, place) for setting in settings]
        for number in range(rounds):
            first = number % len(teams)
            for team in teams[first:] + teams[:first]:
                team.attempt(team.take_turn)
        for team in teams:
            team.attempt(team.finish)
    return [team.result for team in teams]


class Team:
    """The processes of one setting, and their result."""

    def __init__(self, stack: ExitStack, work: Work, setting: Setting, folder: Path, place: Place) -> None:
        self.result = Result(setting)
        self.processes = [stack.enter_context(Measured(work, setting, folder, cores)) for cores in place.cores()]
        self.attempt(self.warm_up)

    def attempt(self, part: Callable[[], None]) -> None:
        """Do a part of the contest, unless the team is out; it is out if a process of it fails."""
        if self.result.failure:
            return
        try:
            part()
        except FailedError as error:
            self.result.failure = str(error)
            self.result.rounds.clear()

    def warm_up(self) -> None:
        """Wait until all are warm."""
        self.result.warm_up_s = max(process.answer()["warm_up_s"] for process in self.processes)

    def take_turn(self) -> None:
        """Run a window in all processes at once."""
        for process in self.processes:
            process.ask()
        self.result.rounds.append([process.answer() for process in self.processes])

    def finish(self) -> None:
        """Let the processes end and add up their memory."""
        self.result.peak_mib = sum(process.end()["peak_mib"] for process in self.processes)
