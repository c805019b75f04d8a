"""A local server that speaks the hub's protocol for one small dataset, for the hub's real client."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPOSITORY_ID = "tenbin/sentences"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
RESOLVE = re.compile(r"/datasets/([\w.-]+/[\w.-]+)/resolve/(\w+)/(.+)")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Hub:
    """The dataset's files, the faults still to come, and the requests that were seen."""

    files: dict[str, bytes] = field(default_factory=dict)
    large_files: set[str] = field(default_factory=set)
    """Files in large-file storage: answered by a redirect to another host."""
    gated: bool = False
    cut_answers: int = 0
    """How many of the next bodies break off in the middle."""
    failing_bodies: int = 0
    """How many of the next GETs are answered with status 500."""
    wrong_etag: bool = False
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Range of each request."""
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """The same server under a name that is another host to the client, as the hub's storage is."""
        return f"http://localhost:{self.port}/storage"


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Stay silent: requests are recorded in `Hub.requests`."""

    def _answer(self, with_body: bool) -> None:
        self.hub.requests.append((self.command, self.path, self.headers.get("Range", "")))
        if self.path.startswith("/storage/"):
            self._send_file(self.hub.files[self.path.removeprefix("/storage/")], {}, with_body)
        elif not (match := RESOLVE.fullmatch(self.path)):
            self._refuse(404, "NotFound", "no such page")
        elif match[1] != REPOSITORY_ID:
            self._refuse(401, "RepoNotFound", "Repository not found")
        elif self.hub.gated:
            self._refuse(403, "GatedRepo", "Access to this dataset is restricted")
        elif match[2] != COMMIT:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {match[2]}")
        elif match[3] not in self.hub.files:
            self._refuse(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": COMMIT})
        else:
            self._resolve(match[3], with_body)

    def _resolve(self, name: str, with_body: bool) -> None:
        content = self.hub.files[name]
        if name in self.hub.large_files:
            digest = hashlib.sha256(content + (b"other" if self.hub.wrong_etag else b"")).hexdigest()
            headers = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content)), "X-Repo-Commit": COMMIT}
            self._send(302, headers | {"Location": f"{self.hub.storage}/{name}", "Content-Length": "0"})
        else:
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            self._send_file(content, {"ETag": f'"{blob}"', "X-Repo-Commit": COMMIT}, with_body)

    def _send_file(self, content: bytes, headers: dict[str, str], with_body: bool) -> None:
        if with_body and self.hub.failing_bodies:
            self.hub.failing_bodies -= 1
            self._refuse(500, "Internal", "out of order")
            return
        match = RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(match[1]) if match else 0
        body = content[first:]
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(len(body))}
        if match:
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self._send(206 if match else 200, headers)
        if with_body and self.hub.cut_answers:
            self.hub.cut_answers -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif with_body:
            self.wfile.write(body)

    def _refuse(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"X-Error-Code": code, "X-Error-Message": message, "Content-Length": "0"} | (headers or {}))

    def _send(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Run a hub without files."""
    hub = Hub()
    handler = type("Handler", (HubHandler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield hub
        server.shutdown()
        thread.join()
