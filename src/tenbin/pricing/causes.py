"""Why jobs would run, in a reader's words: the first cause of each, and what follows from it.

Snakemake spreads staleness from job to job. What a reader asks is where it began, so a job that has a cause of its own
is counted under that, and one that runs only because another does under what it follows from.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tenbin.pricing.identities import PlannedJob

FOLLOWS = "follows from the above"
CAUSES = {
    "Forced execution": "asked for by name",
    "Incomplete output files": "was cut off",
    "Missing output files": "not made yet",
    "Updated input files": "an input changed",
    "Set of input files has changed": "other inputs than before",
    "Code has changed": "its rule changed",
    "Params have changed": "settings changed",
    "Software environment definition has changed": "its environment changed",
    "Input files updated by another job": FOLLOWS,
}
"""What Snakemake 9 begins a reason with, strongest cause first, and what the plan says."""
CLAUSE = r"(?:^|; ){}:? ?(.*?)(?=; (?:{})|$)"
BEFORE_AND_NOW = re.compile(r"before: (.*) now: (.*)", re.DOTALL)
SHOWN_DIFFERENCES, SHOWN_CHARACTERS = 3, 40


def count_causes(jobs: Iterable[PlannedJob]) -> Counter[str]:
    """Return how many jobs have which cause."""
    return Counter(find_cause(job.reason) for job in jobs)


def find_cause(reason: str) -> str:
    """Return the first cause of a job, out of the reason that Snakemake gives."""
    for head, words in CAUSES.items():
        clause = _clause(reason, head)
        if clause is not None:
            detail = _detail(head, clause)
            return f"{words} ({detail})" if detail else words
    return reason


def _clause(reason: str, head: str) -> str | None:
    """Return what follows the head of one of a reason's parts."""
    heads = "|".join(map(re.escape, CAUSES))
    match = re.search(CLAUSE.format(re.escape(head), heads), reason, re.DOTALL)
    return match and match[1]


def _detail(head: str, clause: str) -> str:
    if head == "Updated input files":
        first, *others = clause.split(", ")
        return first + (f" and {len(others)} more" if others else "")
    return _describe_params(clause) if head == "Params have changed" else ""


def _describe_params(clause: str) -> str:
    """Return which keys of a JSON param changed, from what to what; nothing for other params."""
    match = BEFORE_AND_NOW.search(clause)
    try:
        before, now = (json.loads(ast.literal_eval(text.strip())) for text in match.groups()) if match else ({}, {})
    except (ValueError, SyntaxError, TypeError):  # params that are no JSON, or several of them
        return ""
    differences = list(_differences("", before, now))
    more = len(differences) - SHOWN_DIFFERENCES
    return ", ".join(differences[:SHOWN_DIFFERENCES]) + (f" and {more} more" if more > 0 else "")


def _differences(place: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _differences(f"{place}.{key}".lstrip("."), before.get(key), now.get(key))
    elif before != now:
        yield f"{place or 'value'} {_spell(before)} -> {_spell(now)}"


def _spell(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
