"""One file of a Hugging Face dataset at a pinned commit, resumed by byte range after a kill.

The hub's own client describes the file and knows the token, the proxies and the address (HF_TOKEN,
HF_ENDPOINT and its other variables), but keeps nothing of a file whose download is killed; so the bytes
are fetched here. Every attempt begins at the hub: the address of a large file's storage, to which the hub
redirects, is signed and expires. What arrived is the pinned file if its checksum is the one in its ETag: the
SHA-256 of a file in large-file storage, git's object id of any other.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tenbin import recipes
from tenbin.corpora.backoff import ATTEMPTS, BusyError, keep_trying
from tenbin.corpora.download import RemoteFile, fetch_rest
from tenbin.corpora.partial_file import PartialFile, open_partial
from tenbin.corpora.retries import UnreachableError, notice
from tenbin.corpora.revisions import WHOLE_COMMIT_DIGITS, complete_revision
from tenbin.errors import UserError
from tenbin.files import HASH_CHUNK_BYTES, write_json

if TYPE_CHECKING:
    from httpx2 import Response
    from huggingface_hub.errors import HfHubHTTPError

REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR = 408, 429, 500
SHA256_ETAG, GIT_ETAG = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset repository."""

    repository: str
    """ORGANISATION/NAME."""
    revision: str
    """Commit, 40 hex digits, or their beginning."""
    file: str
    """Path in the repository."""

    def __str__(self) -> str:
        return f"{self.file} of {self.repository} at {self.revision}"


def fetch_hub_file(
    repository: str, revision: str, file: str, out: Path, record: Path, *, attempts: int = ATTEMPTS
) -> None:
    """Download one file of a dataset repository, or what an earlier call left to be done, and write its record.

    It gives up after so many `attempts` in a row that brought no new byte.

    Raises UserError if the repository, revision or file is not on the hub, if access is closed, if the hub
    cannot be reached, if another process is fetching the same file, or if the content is not what the hub states.
    """
    abbreviated = HubFile(repository, revision, file)
    notice(f"fetching {abbreviated} from the hub")
    with open_partial(out) as partial:
        commit = keep_trying(lambda: _complete(abbreviated), lambda: 0, str(abbreviated), attempts)
        wanted = replace(abbreviated, revision=commit)
        etag = keep_trying(lambda: _fetch(wanted, partial), lambda: partial.farthest_bytes, str(wanted), attempts)
        described = partial.describe()
        _check_content(wanted, etag, described["sha256"], partial)
        write_json(record, {"recipe": recipes.CORPORA, **asdict(wanted), "etag": etag, "files": {"source": described}})
        # Last, since Snakemake deletes the outputs of a job that fails: until here nothing would be fetched again.
        partial.publish()


def _complete(wanted: HubFile) -> str:
    """Return the whole id of the commit."""
    if len(wanted.revision) == WHOLE_COMMIT_DIGITS:
        return wanted.revision
    with _failures_of_the_client(wanted):
        return complete_revision(wanted.repository, wanted.revision)


def _fetch(wanted: HubFile, partial: PartialFile) -> str:
    """Fetch what is missing and return the ETag (without quotes) that the hub states for the file."""
    # The client takes over a second to import, and reads its settings from the environment meanwhile.
    from huggingface_hub import constants, get_session, hf_hub_url, hf_raise_for_status  # noqa: PLC0415
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # noqa: PLC0415

    url = hf_hub_url(wanted.repository, wanted.file, repo_type="dataset", revision=wanted.revision)

    @contextmanager
    def open_answer(headers: dict[str, str]) -> Iterator["Response"]:
        timeout_s = constants.HF_HUB_DOWNLOAD_TIMEOUT
        # On a redirect to another host the session takes the token out of the headers.
        with get_session().stream(
            "GET", url, headers=build_hf_headers() | headers, timeout=timeout_s, follow_redirects=True
        ) as answer:
            hf_raise_for_status(answer)
            yield answer

    with _failures_of_the_client(wanted):
        etag, size_bytes = _describe(wanted, url)
        origin = {**asdict(wanted), "etag": etag, "size_bytes": size_bytes}
        fetch_rest(RemoteFile(wanted.file, origin, size_bytes), partial, open_answer)
    return etag


def _describe(wanted: HubFile, url: str) -> tuple[str, int]:
    """Return the ETag and the size in bytes that the hub states for a file."""
    from huggingface_hub import get_hf_file_metadata  # noqa: PLC0415

    found = get_hf_file_metadata(url)
    if found.etag is None or found.commit_hash is None:
        raise UserError(f"{url} is not answered as by a hub (no ETag or no commit); correct HF_ENDPOINT")
    if found.commit_hash != wanted.revision:
        raise UserError(f"{wanted} is of commit {found.commit_hash} on the hub; name the commit itself in `revision`")
    if found.size is None:
        raise UnreachableError("the hub does not state the file's size")
    return found.etag, found.size


def _check_content(wanted: HubFile, etag: str, sha256: str, partial: PartialFile) -> None:
    """Check the content against the hub's ETag; if it is other, keep nothing."""
    if SHA256_ETAG.fullmatch(etag):
        kind, found = "sha256", sha256
    elif GIT_ETAG.fullmatch(etag):
        kind, found = "git object id", _git_object_id(partial.path)
    else:
        notice(f"{wanted}: the hub states no checksum (ETag {etag!r}); only the size was checked")
        return
    if found != etag:
        partial.drop()
        raise UserError(
            f"{wanted} has {kind} {found}, but the hub states {etag}; nothing was kept; start again, and if "
            "it comes out so twice, a proxy in between or the hub's copy is damaged"
        )


def _git_object_id(path: Path) -> str:
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _failures_of_the_client(wanted: HubFile) -> Iterator[None]:
    """Say what a failure of the client means: a mistake of the user, or something to wait for."""
    from httpx2 import HTTPError, InvalidURL, UnsupportedProtocol  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled  # noqa: PLC0415

    try:
        yield
    except OfflineModeIsEnabled:
        raise UserError(f"{wanted} cannot be fetched: HF_HUB_OFFLINE is set; unset it") from None
    except (InvalidURL, UnsupportedProtocol) as error:
        raise UserError(f"the hub's address is not one ({_said(error)}); correct HF_ENDPOINT") from None
    except HfHubHTTPError as error:
        raise _refusal(error, wanted) from None
    except HTTPError as error:
        raise UnreachableError(f"the hub cannot be reached or broke off ({_said(error)})") from None


def _refusal(error: "HfHubHTTPError", wanted: HubFile) -> Exception:
    """Return what the hub's answer means."""
    from huggingface_hub import errors  # noqa: PLC0415

    # Kinds stand before the kinds they derive from.
    meanings: list[tuple[type[Exception], str]] = [
        (
            errors.GatedRepoError,
            f"{wanted.repository} is open only to accounts it knows; ask for access, then `hf auth login`",
        ),
        (
            errors.RepositoryNotFoundError,
            f"the hub has no dataset {wanted.repository}, or not for you; correct `repository`",
        ),
        (errors.RevisionNotFoundError, f"{wanted.repository} has no commit {wanted.revision}; correct `revision`"),
        (
            errors.EntryNotFoundError,
            f"{wanted.repository} has no file {wanted.file} at {wanted.revision}; correct the list of files",
        ),
    ]
    for kind, meaning in meanings:
        if isinstance(error, kind):
            return UserError(meaning)
    return _refusal_by_status(error.response, wanted)


def _refusal_by_status(answer: "Response", wanted: HubFile) -> Exception:
    status = answer.status_code
    wait_s = asked_wait_s(answer.headers)
    if wait_s is not None and (status == TOO_MANY_REQUESTS or status >= SERVER_ERROR):
        return BusyError(f"the hub answered with status {status} and asks for {wait_s:g} s of patience", wait_s)
    if status in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS) or status >= SERVER_ERROR:
        return UnreachableError(f"the hub answered with status {status}")
    if answer.history:  # by the storage: its address may have expired, and the next attempt asks for a new one
        return UnreachableError(f"the hub's storage refused with status {status}")
    return UserError(f"the hub refused {wanted} with status {status}; check your access (`hf auth login` or HF_TOKEN)")


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, in Retry-After (seconds or a date) or in the hub's RateLimit."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # noqa: PLC0415

    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def _said(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split()) or type(error).__name__
