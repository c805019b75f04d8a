"""Local package registries, PyPI's simple index and npm's, for the real clients."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Registry:
    """Pages by path, and the faults still to come."""

    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Content type and content by path."""
    failing_answers: int = 0
    """How many of the next requests are answered with status 503."""
    cut_answers: int = 0
    """How many of the next archives break off in the middle."""
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add_to_index(self, project: str, archives: dict[str, bytes], page_type: str) -> None:
        """Offer archives as PyPI's simple index does, in HTML (PEP 503) or JSON (PEP 691)."""
        for name, content in archives.items():
            self.pages[f"/files/{name}"] = ("application/octet-stream", content)
        links = [
            (name, f"{self.address}/files/{name}", hashlib.sha256(archives[name]).hexdigest()) for name in archives
        ]
        if page_type == "html":
            anchors = "".join(f'<a href="{url}#sha256={digest}">{name}</a>' for name, url, digest in links)
            self.pages[f"/simple/{project}/"] = ("text/html", f"<!DOCTYPE html><body>{anchors}</body>".encode())
        else:
            files = [{"filename": name, "url": url, "hashes": {"sha256": digest}} for name, url, digest in links]
            page = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
            self.pages[f"/simple/{project}/"] = ("application/vnd.pypi.simple.v1+json", json.dumps(page).encode())

    def add_to_npm(self, project: str, version: str, archive: bytes) -> None:
        """Offer an archive as npm's registry does."""
        name = f"{project}-{version}.tgz"
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
        release = {
            "name": project,
            "version": version,
            "dist": {"tarball": f"{self.address}/{project}/-/{name}", "integrity": integrity},
        }
        manifest = {"name": project, "dist-tags": {"latest": version}, "versions": {version: release}}
        self.pages[f"/{project}"] = ("application/json", json.dumps(manifest).encode())
        self.pages[f"/{project}/-/{name}"] = ("application/octet-stream", archive)


class RegistryHandler(BaseHTTPRequestHandler):
    registry: Registry

    def do_GET(self) -> None:
        status, (kind, content) = 200, self.registry.pages.get(self.path, ("", b""))
        if not kind:
            status = 404
        if self.registry.failing_answers:
            self.registry.failing_answers -= 1
            status, content = 503, b""
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "application/octet-stream" and self.registry.cut_answers:
            self.registry.cut_answers -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return a running registry without projects."""
    registry = Registry()
    handler = type("Handler", (RegistryHandler,), {"registry": registry})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        registry.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield registry
        server.shutdown()
        thread.join()


FetchArchive = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch_archive(registry: Registry, tmp_path: Path, repository: Path) -> FetchArchive:
    """Return a function that runs the command on a package, the real clients pointed at the local registry."""

    def run(package: dict[str, str], *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        outputs = ["--archive", str(tmp_path / "out" / "archive"), "--record", str(tmp_path / "out" / "archive.json")]
        script = repository / "scripts" / "fetch_package.py"
        command = [sys.executable, str(script), "--package", json.dumps(package), *outputs, *options]
        place = {
            "PYTHONPATH": str(repository / "src"),
            "NO_PROXY": "127.0.0.1",
            "npm_config_registry": registry.address,
        }
        place |= {"npm_config_cache": str(tmp_path / "npm"), "npm_config_update_notifier": "false"}
        return subprocess.run(
            command, env=os.environ | place | environment, capture_output=True, text=True, check=False
        )

    return run
