"""Only missing bytes are asked for, and bytes of two versions never meet in one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st

from tenbin.corpora.download import Progress, RemoteFile, fetch_rest, format_duration, format_size
from tenbin.corpora.partial_file import open_partial
from tenbin.corpora.retries import UnreachableError

CONTENT = b"0123456789"
ORIGIN = {"file": "a"}


class Server:
    """Answers with a file, or what is asked for of it, a few bytes at a time."""

    def __init__(self, content: bytes, chunk_bytes: int = 3) -> None:
        self.content, self.chunk_bytes = content, chunk_bytes
        self.asked: list[dict[str, str]] = []
        self.sent_bytes = 0
        self.etag = '"v"'
        self.sends_ranges = True
        self.changed: dict[str, str] = {}

    @contextmanager
    def open_answer(self, headers: dict[str, str]) -> Iterator[Response]:
        self.asked.append(headers)
        first = int(headers["Range"][6:-1]) if "Range" in headers and self.sends_ranges else 0
        size = len(self.content)
        about = {"ETag": self.etag, "Content-Length": str(size - first)}
        part = {"Content-Range": f"bytes {first}-{size - 1}/{size}"} if first else {}
        yield Response(206 if first else 200, headers=about | part | self.changed, content=self._body(first))

    def _body(self, first: int) -> Iterator[bytes]:
        for start in range(first, len(self.content), self.chunk_bytes):
            chunk = self.content[start : start + self.chunk_bytes]
            self.sent_bytes += len(chunk)
            yield chunk


def fetch(out: Path, server: Server, size_bytes: int = len(CONTENT)) -> None:
    with open_partial(out) as partial:
        fetch_rest(RemoteFile("a", ORIGIN, size_bytes), partial, server.open_answer)


def keep(out: Path, content: bytes, validator: str = '"v"') -> None:
    with open_partial(out) as partial:
        partial.begin(ORIGIN, validator)
        partial.append(content)


def arrived(out: Path) -> bytes:
    return out.with_name(f".{out.name}.partial").read_bytes()


@given(content=st.binary(max_size=300), kept=st.integers(0, 300), chunk_bytes=st.integers(1, 64))
def test_the_rest_of_any_part_makes_the_whole_and_nothing_is_sent_twice(
    content: bytes, kept: int, chunk_bytes: int
) -> None:
    server = Server(content, chunk_bytes)
    with TemporaryDirectory() as folder:
        out = Path(folder) / "shard"
        keep(out, content[:kept])
        with open_partial(out) as partial:
            fetch_rest(RemoteFile("a", ORIGIN, len(content)), partial, server.open_answer)
            assert partial.path.read_bytes() == content
    assert server.sent_bytes == len(content[kept:])


def test_a_part_is_asked_for_only_of_the_same_version(tmp_path: Path) -> None:
    keep(tmp_path / "a", CONTENT[:4])
    server = Server(CONTENT)
    fetch(tmp_path / "a", server)
    assert server.asked == [{"Accept-Encoding": "identity", "Range": "bytes=4-", "If-Range": '"v"'}]


@pytest.mark.parametrize("etag", ['W/"v"', ""])
def test_an_etag_that_promises_no_equal_bytes_is_not_sent_back(tmp_path: Path, etag: str) -> None:
    server = Server(CONTENT[:4])
    server.etag, server.changed = etag, {"Content-Length": "10"}
    with pytest.raises(UnreachableError, match="the answer ended after 4 of 10 bytes"):
        fetch(tmp_path / "a", server)
    server.content, server.changed = CONTENT, {}
    fetch(tmp_path / "a", server)
    assert server.asked[-1] == {"Accept-Encoding": "identity", "Range": "bytes=4-"}
    assert arrived(tmp_path / "a") == CONTENT


@pytest.mark.parametrize(
    "changed",
    [
        {"Content-Range": "bytes 3-9/10"},
        {"Content-Range": "bytes 4-9/11"},
        {"Content-Range": "bytes */10"},
        {"Content-Range": ""},
        {"Content-Encoding": "gzip"},
        {"ETag": '"w"'},
    ],
)
def test_a_part_that_does_not_go_on_where_the_file_ends_is_not_appended(
    tmp_path: Path, changed: dict[str, str]
) -> None:
    keep(tmp_path / "a", CONTENT[:4])
    server = Server(CONTENT)
    server.changed = changed
    with pytest.raises(UnreachableError, match="has changed since a part of it was fetched"):
        fetch(tmp_path / "a", server)
    server.changed = {}
    fetch(tmp_path / "a", server)
    assert arrived(tmp_path / "a") == CONTENT
    assert "Range" not in server.asked[-1]


def test_a_part_of_a_file_of_unknown_size_is_taken(tmp_path: Path) -> None:
    keep(tmp_path / "a", CONTENT[:4])
    server = Server(CONTENT)
    server.changed = {"Content-Range": "bytes 4-9/*"}
    fetch(tmp_path / "a", server)
    assert arrived(tmp_path / "a") == CONTENT


def test_the_whole_file_instead_of_a_part_replaces_what_is_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path / "a", b"xxxx")
    server = Server(CONTENT)
    server.sends_ranges = False
    fetch(tmp_path / "a", server)
    assert arrived(tmp_path / "a") == CONTENT
    assert "the server sends the whole file again; 4 bytes are fetched anew" in capsys.readouterr().err


def test_a_whole_file_is_not_asked_for(tmp_path: Path) -> None:
    keep(tmp_path / "a", CONTENT)
    server = Server(CONTENT)
    fetch(tmp_path / "a", server)
    assert server.asked == []


@pytest.mark.parametrize("kept", [0, 4])
def test_a_file_of_another_size_is_not_begun(tmp_path: Path, kept: int) -> None:
    keep(tmp_path / "a", CONTENT[:kept])
    server = Server(CONTENT + b"more")
    server.sends_ranges = False
    with pytest.raises(UnreachableError, match="sends 14 bytes of a file that should have 10"):
        fetch(tmp_path / "a", server)
    assert server.sent_bytes == 0


def test_more_bytes_than_stated_are_not_kept(tmp_path: Path) -> None:
    server = Server(CONTENT + b"more")
    server.changed = {"Content-Length": ""}
    with pytest.raises(UnreachableError, match="more than the 10 bytes"):
        fetch(tmp_path / "a", server)
    assert not (tmp_path / ".a.partial").exists()


def test_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now_s = iter([100.0, 101.0, 120.0, 121.0, 160.0, 200.0])
    progress = Progress(RemoteFile("train/00.jsonl.zst", {}, 11_000_000_000), 1_000_000_000, lambda: next(now_s))
    for size_bytes in (1_100_000_000, 3_000_000_000, 3_100_000_000, 3_000_000_000):
        progress.reach(size_bytes)
    progress.finish(11_000_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "train/00.jsonl.zst: 3.00 GB of 11.00 GB (27%), 100.00 MB/s, 1 min 20 s left",
        "train/00.jsonl.zst: 3.00 GB of 11.00 GB (27%), 0 B/s",
        "train/00.jsonl.zst: fetched 10.00 GB in 1 min 40 s, 100.00 MB/s",
    ]


def test_sizes_and_durations_are_said_in_two_numbers_at_most() -> None:
    assert [format_size(size) for size in (0, 999, 1000, 5e6, 3.3e11)] == [
        "0 B",
        "999 B",
        "1.00 kB",
        "5.00 MB",
        "330.00 GB",
    ]
    assert [format_duration(seconds) for seconds in (0.4, 59.6, 3599, 3600, 90_000)] == [
        "0 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
        "25 h 0 min",
    ]
