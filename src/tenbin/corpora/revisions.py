"""Abbreviated commits of the hub: completed by its list of commits, as git does.

The hub resolves only branches, tags and whole commit ids. Public pages often show no more than the first seven digits.
"""

from tenbin.errors import UserError

WHOLE_COMMIT_DIGITS = 40


def complete_revision(repository: str, revision: str) -> str:
    """Return the whole commit id (40 hex digits) of a dataset's commit that begins with `revision`.

    Raises UserError if no commit of the default branch begins so, or several do; failures of the client pass through.
    """
    if len(revision) == WHOLE_COMMIT_DIGITS:
        return revision
    from huggingface_hub import HfApi  # noqa: PLC0415  # the client takes over a second to import

    commits = [commit.commit_id for commit in HfApi().list_repo_commits(repository, repo_type="dataset")]
    found = [commit for commit in commits if commit.startswith(revision)]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} commits begin" if found else "no commit begins"
    raise UserError(f"{repository}: {problem} with {revision}; give `revision` whole, 40 hex digits")
