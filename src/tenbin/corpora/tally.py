"""What was read from a source and what could not be: nothing is dropped in silence."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tenbin.errors import UserError

EXAMPLES = 5


class Document(NamedTuple):
    """A document on its way into a shard."""

    text: str
    group: str | None = None
    """What decides its side of the split, if not its text: equal groups lie on one side."""
    id: str | None = None
    """Its name in the source, if it has one."""


@dataclass
class Tally:
    """Counts of a source's records, and the limit on those that cannot be read."""

    source: str
    """The source's name, for messages."""
    max_unreadable_share: float
    records: int = 0
    """Records met, readable or not."""
    unreadable: Counter[str] = field(default_factory=Counter)
    """Unreadable records by reason."""
    examples: list[str] = field(default_factory=list)
    """The first unreadable records: where, and why."""
    details: dict[str, Any] = field(default_factory=dict)
    """What else a format has to tell of its source."""

    def reject(self, reason: str, place: str, detail: str = "") -> None:
        """Count an unreadable record.

        Raises UserError as soon as there are some examples to show, if none is allowed at all.
        """
        self.unreadable[reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{place}: {reason}" + (f" ({detail})" if detail else ""))
        if not self.max_unreadable_share and self.unreadable.total() >= EXAMPLES:
            self.check()

    def check(self) -> None:
        """Raise UserError naming the source and its first unreadable records if their share is above the limit."""
        unreadable = self.unreadable.total()
        if unreadable > self.max_unreadable_share * self.records:
            raise UserError(
                f"{self.source}: {unreadable} of {self.records} records read so far are unreadable, above "
                f"max_unreadable_share {self.max_unreadable_share:g}: {'; '.join(self.examples)}; "
                "mend the file, or raise the limit to leave such records out"
            )
