"""Cells of the comparison table: a value with both ends of its interval."""

from collections.abc import Sequence


def with_ends(name: str, value: float | None, ends: Sequence[float | None] | None) -> dict[str, float | None]:
    """Return the columns NAME, NAME_low and NAME_high."""
    low, high = ends or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
