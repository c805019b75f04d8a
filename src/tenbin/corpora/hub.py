"""One file of a Hugging Face dataset at a pinned commit, through the hub's own client.

A killed download is not resumed inside a file by that client, so each file is a job of its own.
The client reads the hub's address from HF_ENDPOINT.
"""

import re
import tempfile
from pathlib import Path

from tenbin import recipes
from tenbin.corpora.retries import UnreachableError, notice, retry
from tenbin.errors import UserError
from tenbin.files import atomic_path, record_file, write_json

SERVER_ERROR = 500
# The hub's ETag is the SHA-256 of a file in large-file storage and a git object id of any other.
SHA256_ETAG = re.compile(r"[0-9a-f]{64}")


def fetch_hub_file(repository: str, revision: str, file: str, out: Path, record: Path) -> None:
    """Download one file of a dataset repository and write its record.

    Raises UserError if the repository, revision or file is not on the hub, if access is closed, or
    if the hub cannot be reached.
    """
    what = f"{file} of {repository} at {revision}"
    notice(f"fetching {what} from the hub")
    with atomic_path(out) as partial:
        etag = retry(lambda: _download(repository, revision, file, partial), what)
        described = record_file(partial) | {"file": out.name}
        if SHA256_ETAG.fullmatch(etag) and etag != described["sha256"]:
            raise UserError(
                f"{what} has sha256 {described['sha256']}, but the hub states {etag}; nothing was kept; start again"
            )
    origin = {"repository": repository, "revision": revision, "file": file, "etag": etag}
    write_json(record, {"recipe": recipes.CORPORA, **origin, "files": {"source": described}})


def _download(repository: str, revision: str, file: str, path: Path) -> str:
    """Download to `path` and return the ETag (without quotes) that the hub states for the file."""
    # The client takes over a second to import, and reads its settings from the environment meanwhile.
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # noqa: PLC0415
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415

    disable_progress_bars()
    try:
        with tempfile.TemporaryDirectory(prefix=".hub-", dir=path.parent) as folder:
            found = hf_hub_download(repository, file, repo_type="dataset", revision=revision, local_dir=folder)
            Path(found).replace(path)
        url = hf_hub_url(repository, file, repo_type="dataset", revision=revision)
        return get_hf_file_metadata(url, retry_on_errors=True).etag or ""
    except Exception as error:
        raise _explain(error, repository, revision, file) from error


def _explain(error: Exception, repository: str, revision: str, file: str) -> Exception:
    """Return what a failure of the client means to the user; one that is not its own is returned as it is."""
    from httpx2 import TransportError  # noqa: PLC0415
    from huggingface_hub import errors  # noqa: PLC0415

    said = " ".join(str(error.__cause__ or error).split())
    # Kinds stand before the kinds they derive from. An absent local entry means that the server could
    # not be asked: the client has waited and asked again by then.
    meanings: list[tuple[type[Exception], str]] = [
        (
            errors.GatedRepoError,
            f"{repository} is open only to accounts it knows; ask for access, then `hf auth login`",
        ),
        (errors.RepositoryNotFoundError, f"the hub has no dataset {repository}, or not for you; correct `repository`"),
        (errors.RevisionNotFoundError, f"{repository} has no commit {revision}; correct `revision`"),
        (errors.LocalEntryNotFoundError, f"the hub cannot be reached ({said}); check the network and HF_ENDPOINT"),
        (errors.EntryNotFoundError, f"{repository} has no file {file} at {revision}; correct the list of files"),
    ]
    for kind, meaning in meanings:
        if isinstance(error, kind):
            return UserError(meaning)
    is_transient = isinstance(error, TransportError) or "Consistency check failed" in said
    if isinstance(error, errors.HfHubHTTPError):
        is_transient = error.response.status_code >= SERVER_ERROR
        if not is_transient:
            return UserError(f"the hub refused {file} of {repository} with status {error.response.status_code}")
    return UnreachableError(said) if is_transient else error
