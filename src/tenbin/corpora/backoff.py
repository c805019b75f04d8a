"""Trying a long transfer again for as long as it gets on.

A transfer of hours may break a hundred times; only attempts in a row that bring nothing new are counted.
Waits double, and are drawn at random below that: many downloads that were refused at once must not
all come back at once.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from tenbin.corpora.retries import UnreachableError, notice
from tenbin.errors import UserError

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LONGEST_ASKED_WAIT_S = 3600.0
ATTEMPTS = 8

Result = TypeVar("Result")


class BusyError(UnreachableError):
    """A server that says how long to stay away."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = min(wait_s, LONGEST_ASKED_WAIT_S)


def keep_trying(attempt: Callable[[], Result], progress_bytes: Callable[[], int], what: str, attempts: int) -> Result:
    """Call `attempt` until it succeeds, with growing waits after each UnreachableError.

    `progress_bytes` tells how far the transfer has ever come: when that grows, waits and count begin anew.

    Raises UserError naming `what` after so many attempts in a row that brought nothing.
    """
    failures, reached = 0, progress_bytes()
    while True:
        try:
            return attempt()
        except UnreachableError as error:
            failures = 1 if progress_bytes() > reached else failures + 1
            reached = progress_bytes()
            if failures >= attempts:
                raise UserError(
                    f"{what} could not be fetched in {attempts} attempts: {error}; check the network, its proxy "
                    "settings and the server's address, then start again; what has arrived is kept"
                ) from None
            wait_s = draw_wait_s(failures, error)
            notice(f"{what}: {error}; trying again in {wait_s:.1f} s")
            time.sleep(wait_s)


def draw_wait_s(failures: int, error: UnreachableError) -> float:
    """Return how long to wait (seconds) after so many failures in a row; never less than the server asks for."""
    spread = random.SystemRandom().uniform(0.5, 1.0)
    wait_s = min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S) * spread
    return error.wait_s + wait_s if isinstance(error, BusyError) else wait_s
