"""How numbers of the plan are written; what is not known or does not apply is left empty."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Number = float | None
Spelling = Callable[[Number], str]


@dataclass(frozen=True)
class Unit:
    """A unit of some quantity."""

    name: str
    size: float
    """In the quantity's base unit."""

    def spell(self, number: Number) -> str:
        """Return a number of base units in this unit, without its name."""
        return "" if number is None else significant(number / self.size)


TOKENS = (Unit("billions", 1e9), Unit("millions", 1e6), Unit("thousands", 1e3))
BYTES = (Unit("GB", 1e9), Unit("MB", 1e6), Unit("kB", 1e3))
HOURS = (Unit("days", 24), Unit("hours", 1), Unit("minutes", 1 / 60), Unit("seconds", 1 / 3600))


def choose_unit(units: tuple[Unit, ...], numbers: Iterable[Number]) -> Unit:
    """Return the largest unit that the largest of some numbers reaches, or the smallest unit."""
    largest = max((number for number in numbers if number is not None), default=0)
    return next((unit for unit in units if largest >= unit.size), units[-1])


def spell_bytes(size_bytes: float) -> str:
    """Return a size with its unit."""
    unit = choose_unit(BYTES, [size_bytes])
    return f"{unit.spell(size_bytes)} {unit.name}"


def count(number: Number) -> str:
    """Return a whole number with commas."""
    return "" if number is None else f"{number:,.0f}"


def decimal(number: Number, digits: int = 1) -> str:
    """Return a number with commas and some decimals."""
    return "" if number is None else f"{number:,.{digits}f}"


def significant(number: Number) -> str:
    """Return a number to three significant digits, from a hundred up to the whole."""
    if number is None:
        return ""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:#.3g}" if number else "0"


def scientific(number: Number) -> str:
    """Return a number as 1.23e+18."""
    return "" if number is None else f"{number:.2e}"


def percent(share: float) -> str:
    """Return a signed share in percent."""
    return f"{100 * share:+.1f} %"
