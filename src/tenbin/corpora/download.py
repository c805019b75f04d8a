"""The rest of a file from an HTTP server: only the bytes that are missing, where the server sends parts.

A request for a part (RFC 9110, sections 13.1.5 and 14) names its first byte and, in If-Range, the strong
ETag of the answer that the first bytes came in: a server where the file has changed since, like one that
sends no parts, answers with the whole file. Bytes that the server encoded could not be counted, so none is
asked for.
"""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenbin.corpora.partial_file import PartialFile
from tenbin.corpora.retries import UnreachableError, notice

if TYPE_CHECKING:
    from httpx2 import Response

PARTIAL_CONTENT = 206
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
SECONDS_BETWEEN_LINES = 15.0
SIZES_BYTES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))

OpenAnswer = Callable[[dict[str, str]], "AbstractContextManager[Response]"]


@dataclass(frozen=True)
class RemoteFile:
    """A file as its server describes it."""

    name: str
    """What to call it in the log."""
    origin: dict[str, Any]
    """What tells it from every other file and version."""
    size_bytes: int
    """Its whole size."""


def fetch_rest(remote: RemoteFile, partial: PartialFile, open_answer: OpenAnswer) -> None:
    """Bring a partial file to its whole size with at most one answer.

    `open_answer` sends a GET with the headers it is given and yields the answer, redirects followed.

    Raises UnreachableError if the answer breaks off or is not of this file: ask again then.
    """
    partial.keep_only(remote.origin)
    if partial.size_bytes != remote.size_bytes:
        with open_answer(_headers(partial)) as answer:
            _find_start(answer, remote, partial)
            _append_body(answer, partial, Progress(remote, partial.size_bytes))
    if partial.size_bytes > remote.size_bytes:
        partial.drop()
        raise UnreachableError(f"the server sent more than the {remote.size_bytes} bytes it stated")
    if partial.size_bytes < remote.size_bytes:
        raise UnreachableError(f"the answer ended after {partial.size_bytes} of {remote.size_bytes} bytes")


def _headers(partial: PartialFile) -> dict[str, str]:
    identity = {"Accept-Encoding": "identity"}
    if not partial.size_bytes:
        return identity
    notice(f"{partial.path}: {format_size(partial.size_bytes)} are here already; asking for the rest")
    same_version = {"If-Range": partial.validator} if partial.validator else {}
    return identity | {"Range": f"bytes={partial.size_bytes}-"} | same_version


def _find_start(answer: "Response", remote: RemoteFile, partial: PartialFile) -> None:
    """See to it that the answer's first byte is the one that follows those in the file."""
    if answer.status_code == PARTIAL_CONTENT:
        if not _continues(answer, remote, partial):
            partial.drop()
            raise UnreachableError("the server's file has changed since a part of it was fetched; starting over")
        return
    stated = answer.headers.get("Content-Length")
    if stated and int(stated) != remote.size_bytes and not _is_encoded(answer):
        raise UnreachableError(f"the server sends {stated} bytes of a file that should have {remote.size_bytes}")
    if partial.size_bytes:
        notice(f"{partial.path}: the server sends the whole file again; {partial.size_bytes} bytes are fetched anew")
    partial.begin(remote.origin, _strong_etag(answer))


def _continues(answer: "Response", remote: RemoteFile, partial: PartialFile) -> bool:
    """Return whether a part goes on where the file ends, and is of the same version."""
    match = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if match is None or _is_encoded(answer):
        return False
    etags = {_strong_etag(answer), partial.validator} - {""}
    return int(match[1]) == partial.size_bytes and match[2] in ("*", str(remote.size_bytes)) and len(etags) < 2


def _append_body(answer: "Response", partial: PartialFile, progress: "Progress") -> None:
    for chunk in answer.iter_bytes():
        partial.append(chunk)
        progress.reach(partial.size_bytes)
    progress.finish(partial.size_bytes)


def _strong_etag(answer: "Response") -> str:
    """Return the answer's ETag, or "" if it has none that promises equal bytes."""
    etag: str = answer.headers.get("ETag", "")
    return etag if etag.startswith('"') else ""


def _is_encoded(answer: "Response") -> bool:
    return bool(answer.headers.get("Content-Encoding", "identity").lower() != "identity")


class Progress:
    """Lines for whoever watches the log: how much is here, how fast it comes, and how long it will take."""

    def __init__(self, remote: RemoteFile, start_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._remote, self._clock = remote, clock
        self._start = self._last = (clock(), start_bytes)

    def reach(self, size_bytes: int) -> None:
        """Print a line if the last one is some seconds old; its rate is that since the last one."""
        now_s, (last_s, last_bytes) = self._clock(), self._last
        if now_s - last_s < SECONDS_BETWEEN_LINES:
            return
        self._last = (now_s, size_bytes)
        rate = (size_bytes - last_bytes) / (now_s - last_s)
        whole = self._remote.size_bytes
        left = f", {format_duration((whole - size_bytes) / rate)} left" if rate else ""
        notice(
            f"{self._remote.name}: {format_size(size_bytes)} of {format_size(whole)} ({size_bytes / whole:.0%}), "
            f"{format_size(rate)}/s{left}"
        )

    def finish(self, size_bytes: int) -> None:
        """Print what this answer brought."""
        start_s, start_bytes = self._start
        seconds, fetched = self._clock() - start_s, size_bytes - start_bytes
        rate = f", {format_size(fetched / seconds)}/s" if seconds > 0 else ""
        notice(f"{self._remote.name}: fetched {format_size(fetched)} in {format_duration(seconds)}{rate}")


def format_size(size_bytes: float) -> str:
    """Return a number of bytes as people say it."""
    for unit, unit_bytes in SIZES_BYTES:
        if size_bytes >= unit_bytes:
            return f"{size_bytes / unit_bytes:.2f} {unit}"
    return f"{size_bytes:.0f} B"


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    minutes, whole_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole_seconds} s" if minutes else f"{whole_seconds} s"
