"""A local server that speaks the hub's protocol for one small dataset, for the hub's real client."""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mmap import mmap

REPOSITORY_ID = "tenbin/sentences"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
EARLIER_COMMIT = "0123fedcba9876543210fedcba9876543210fedc"
COMMITS = re.compile(r"/api/datasets/([\w.-]+/[\w.-]+)/commits/main(?:\?.*)?")
RESOLVE = re.compile(r"/datasets/([\w.-]+/[\w.-]+)/resolve/(\w+)/(.+)")
RANGE = re.compile(r"bytes=(\d+)-")
CHUNK_BYTES = 1 << 16
LONGEST_STALL_S = 60.0

Content = bytes | mmap


@dataclass
class Fault:
    """What goes wrong with one answer."""

    status: int = 0
    """Refuse with this status."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of the refusal."""
    cut_bytes: int | None = None
    """Close the connection after so many bytes of the body."""
    stall_bytes: int | None = None
    """Fall silent after so many bytes of the body, until `Hub.go_on` is set."""


@dataclass
class Seen:
    """A request, and what was sent for it."""

    method: str
    path: str
    range: str
    if_range: str
    authorization: str
    status: int = 0
    sent_bytes: int = 0


@dataclass
class Hub:
    """The dataset's files, the faults still to come, and the requests that were seen."""

    files: dict[str, Content] = field(default_factory=dict)
    large_files: set[str] = field(default_factory=set)
    """Files in large-file storage: answered by a redirect to another host."""
    stored: dict[str, bytes] = field(default_factory=dict)
    """Files that are not in storage what the hub says of them."""
    gated: bool = False
    wrong_etag: bool = False
    sends_ranges: bool = True
    """Whether a part can be asked for; else the whole file is sent."""
    heeds_if_range: bool = True
    file_faults: list[Fault] = field(default_factory=list)
    """Faults of the next answers that would carry a file."""
    metadata_faults: list[Fault] = field(default_factory=list)
    """Faults of the next answers that describe a file (HEAD)."""
    requests: list[Seen] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """The same server under a name that is another host to the client, as the hub's storage is."""
        return f"http://localhost:{self.port}/storage"

    def bodies(self) -> list[Seen]:
        """Return the requests that were answered with a file or a part of it, or were meant to be."""
        files = [seen for seen in self.requests if seen.path.startswith(("/datasets/", "/storage/"))]
        return [seen for seen in files if seen.method == "GET" and seen.status != 302]


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Stay silent: requests are recorded in `Hub.requests`."""

    def _answer(self) -> None:
        asked = (self.headers.get(name, "") for name in ("Range", "If-Range", "Authorization"))
        self.seen = Seen(self.command, self.path, *asked)
        self.hub.requests.append(self.seen)
        if self.command == "HEAD" and self.hub.metadata_faults:
            self._fail(self.hub.metadata_faults.pop(0))
        elif self.path.startswith("/storage/"):
            self._send_stored(self.path.removeprefix("/storage/"))
        elif not (match := RESOLVE.fullmatch(self.path) or COMMITS.fullmatch(self.path)):
            self._refuse(404, "NotFound", "no such page")
        elif match[1] != REPOSITORY_ID:
            self._refuse(401, "RepoNotFound", "Repository not found")
        elif match.re is COMMITS:
            self._list_commits()
        elif self.hub.gated:
            self._refuse(403, "GatedRepo", "Access to this dataset is restricted")
        elif match[2] != COMMIT:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {match[2]}")
        elif match[3] not in self.hub.files:
            self._refuse(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": COMMIT})
        else:
            self._resolve(match[3])

    def _list_commits(self) -> None:
        described = {"title": "Upload", "message": "", "authors": [], "date": "2024-02-04T00:00:00.000Z"}
        body = json.dumps([described | {"id": commit} for commit in (COMMIT, EARLIER_COMMIT)]).encode()
        self._send(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _resolve(self, name: str) -> None:
        content = self.hub.files[name]
        if name in self.hub.large_files:
            digest = hashlib.sha256(content)
            digest.update(b"other" if self.hub.wrong_etag else b"")
            headers = {"X-Linked-Etag": f'"{digest.hexdigest()}"', "X-Linked-Size": str(len(content))}
            headers |= {"Location": f"{self.hub.storage}/{name}", "X-Repo-Commit": COMMIT, "Content-Length": "0"}
            self._send(302, headers)
        else:
            seed = b"other" if self.hub.wrong_etag else b"blob %d\0" % len(content)
            digest = hashlib.sha1(seed, usedforsecurity=False)
            digest.update(content)
            self._send_file(content, {"ETag": f'"{digest.hexdigest()}"', "X-Repo-Commit": COMMIT})

    def _send_stored(self, name: str) -> None:
        content = self.hub.stored.get(name, self.hub.files[name])
        # Storage has ETags of its own, which are not those of the hub.
        self._send_file(content, {"ETag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}-1"'})

    def _send_file(self, content: Content, headers: dict[str, str]) -> None:
        fault = self.hub.file_faults.pop(0) if self.command == "GET" and self.hub.file_faults else Fault()
        if fault.status:
            self._fail(fault)
            return
        first = self._first_byte(headers["ETag"])
        size = len(content)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(size - (first or 0))}
        if first is not None and first >= size:
            self._send(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        if first is not None:
            headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
        self._send(200 if first is None else 206, headers)
        if self.command == "GET":
            self._send_body(memoryview(content)[first or 0 :], fault)

    def _first_byte(self, etag: str) -> int | None:
        match = RANGE.fullmatch(self.seen.range)
        same = not self.hub.heeds_if_range or self.seen.if_range in ("", etag)
        return int(match[1]) if match and self.hub.sends_ranges and same else None

    def _send_body(self, body: memoryview, fault: Fault) -> None:
        end = len(body) if fault.cut_bytes is None else fault.cut_bytes
        pause = end if fault.stall_bytes is None else fault.stall_bytes
        try:
            self._write(body[:pause])
            if pause < end:
                self.hub.go_on.wait(LONGEST_STALL_S)
            self._write(body[pause:end])
        except (BrokenPipeError, ConnectionResetError):  # a client that was killed
            self.close_connection = True
        self.close_connection = self.close_connection or fault.cut_bytes is not None

    def _write(self, body: memoryview) -> None:
        for first in range(0, len(body), CHUNK_BYTES):
            chunk = body[first : first + CHUNK_BYTES]
            self.wfile.write(chunk)
            self.seen.sent_bytes += len(chunk)

    def _fail(self, fault: Fault) -> None:
        self._send(fault.status, {"Content-Length": "0"} | fault.headers)

    def _refuse(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"X-Error-Code": code, "X-Error-Message": message, "Content-Length": "0"} | (headers or {}))

    def _send(self, status: int, headers: dict[str, str]) -> None:
        self.seen.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class HubServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that were killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Run a hub without files."""
    hub = Hub()
    handler = type("Handler", (HubHandler,), {"hub": hub})
    with HubServer(("127.0.0.1", 0), handler) as server:
        hub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield hub
        hub.go_on.set()
        server.shutdown()
        thread.join()
