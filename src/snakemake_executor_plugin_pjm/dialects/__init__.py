"""The ways in which PJM tells the state of jobs: which command to run, and how to read what it prints.

`tcs` is `pjstat` as Fujitsu documents it, `wisteria` the table that the University of Tokyo's own pjstat prints,
`pjwait` the program that waits for jobs, told not to wait. Each reads an answer whole or raises StatusUnknown. What no
dialect can detect is an answer that lost whole rows at its end although the program ended well: rows are not numbered
or counted. Such a job is absent, which is why absence proves nothing until it has lasted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snakemake_executor_plugin_pjm.dialects import pjwait, tcs, wisteria
from snakemake_executor_plugin_pjm.dialects.question import Question

Ask = Callable[[Sequence[str]], Question]
"""Makes the question about some jobs, or about all of the user's if none is named."""


@dataclass(frozen=True)
class Dialect:
    """How to ask."""

    live: Ask
    """About given jobs; may leave out those that are over."""
    history: Ask
    """About jobs that are over, given ones or all."""
    all_live: Ask
    """About all jobs that are not over, with their names."""


def dialect_of(name: str, site: str) -> Dialect:
    """Return a dialect by its name in the settings: auto, tcs, wisteria or pjwait."""
    if name == "wisteria" or (name != "tcs" and site == "wisteria"):
        listing = Dialect(wisteria.live, wisteria.history, wisteria.live)
    else:
        listing = Dialect(tcs.live, tcs.history, tcs.live)
    if name == "pjwait":
        # It knows no names, and says nothing of jobs that were rejected.
        return Dialect(pjwait.live, listing.history, listing.all_live)
    return listing
