"""PJM's numbered messages, as `[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.`

Numbers are matched, never words: the wording differs between sites and releases.
"""

import re
from dataclasses import dataclass

NUMBERED = re.compile(r"^\[(INFO|WARN|ERR)\.?\] PJM ([0-9]{4}) (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """One message."""

    number: str
    is_error: bool
    text: str
    """What follows the number."""
    line: str
    """The message as PJM printed it."""


def find_messages(printed: str) -> list[Message]:
    """Return the numbered messages in what a program printed."""
    return [Message(match[2], match[1] == "ERR", match[3], match[0]) for match in NUMBERED.finditer(printed)]


def find_errors(printed: str) -> list[Message]:
    """Return those that report an error."""
    return [message for message in find_messages(printed) if message.is_error]
