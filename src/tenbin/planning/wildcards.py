"""What all input functions share."""

from typing import Protocol


class Wildcards(Protocol):
    """Snakemake's wildcards of a job, read by attribute."""

    def __getattr__(self, name: str) -> str:
        """Return the value of a wildcard."""


def repeat_flag(flag: str, values: list[str]) -> list[str]:
    """Return the flag before each value, as argparse's repeated options want it."""
    return [word for value in values for word in (flag, value)]
