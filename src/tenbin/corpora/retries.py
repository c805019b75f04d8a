"""Waiting out a network that is away for a moment."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from tenbin.errors import UserError

WAITS_SECONDS = (1.0, 4.0, 16.0)

Result = TypeVar("Result")


class UnreachableError(Exception):
    """A server that gave no answer, or one that may be different in a moment; the message says which."""


def retry(fetch: Callable[[], Result], what: str) -> Result:
    """Call `fetch` until it succeeds, with growing waits after each UnreachableError.

    Raises UserError naming `what` could not be fetched once the last attempt has failed.
    """
    for wait_seconds in WAITS_SECONDS:
        try:
            return fetch()
        except UnreachableError as error:
            notice(f"{what}: {error}; trying again in {wait_seconds:g} s")
            time.sleep(wait_seconds)
    try:
        return fetch()
    except UnreachableError as error:
        raise UserError(
            f"{what} could not be fetched in {len(WAITS_SECONDS) + 1} attempts: {error}; "
            "check the network, its proxy settings and the server's address, then start again"
        ) from None


def notice(message: str) -> None:
    """Print one line for whoever watches the job."""
    print(message, file=sys.stderr, flush=True)
