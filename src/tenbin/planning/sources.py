"""SHA-256 of users' own files at planning time, remembered by path, size and time of change.

Snakemake compares files above 1 MB by time alone, so a touched corpus would retrain everything.
Instead the content's SHA-256 is a param of the rule that reads the file.
"""

import json
from pathlib import Path

from tenbin.errors import fail
from tenbin.files import sha256_file, sha256_json, write_bytes


class SourceHashes:
    """A small cache of SHA-256 by path, size and time of change, kept in the work folder."""

    def __init__(self, work: str) -> None:
        self._file = Path(work) / "source_sha256.json"
        self._known: dict[str, list[str]] | None = None

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file; leave with one message if it cannot be read."""
        path = Path(name)
        if not path.is_file():
            fail(f"{name}: no such file; a corpus of the config reads it")
        identity = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
        known = self._load()
        if known.get(name, [""])[0] != identity:
            known[name] = [identity, sha256_file(path)]
            self._save()
        return known[name][1]

    def _load(self) -> dict[str, list[str]]:
        if self._known is None:
            try:
                self._known = json.loads(self._file.read_bytes())
            except (FileNotFoundError, ValueError):  # a cache: made anew when absent or cut
                self._known = {}
        return self._known

    def _save(self) -> None:
        write_bytes(self._file, json.dumps(self._known).encode())


def digest_claims(checkout: str) -> str:
    """Return the SHA-256 of tenbin's own claims, which are no input: where a checkout lies makes nothing stale."""
    return sha256_file(Path(checkout, "claims.yaml"))


def digest_sources(checkout: str, *packages: str) -> str:
    """Return the SHA-256 over the Python sources of some of tenbin's packages.

    It is a param of the rules after `losses`, which are cheap to run again: their results follow
    their code.
    """
    folders = [Path(checkout, "src", "tenbin", package) for package in packages]
    return sha256_json({str(p.relative_to(checkout)): sha256_file(p) for f in folders for p in sorted(f.rglob("*.py"))})
