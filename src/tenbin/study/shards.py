"""Which source files a split of a corpus is read from: known when the study is planned.

A shard is numbered 00000, 00001, ... in the order of its source files.
"""

import re
from dataclasses import dataclass
from glob import glob
from pathlib import PurePath

from tenbin.errors import UserError
from tenbin.study.corpora import Corpus, FilesCorpus, HubCorpus, HubTokensCorpus

RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True)
class Source:
    """One source file of a split."""

    split: str
    """The split that the file is fetched for: with `valid_share` both splits read the train files."""
    shard: str
    """Number of the shard, five digits."""
    name: str
    """The file's own name: a local path, a file of the hub's repository, or the member of an archive."""


def list_sources(corpus_id: str, corpus: Corpus, split: str) -> list[Source]:
    """Return the source files of a corpus's split in order.

    Raises UserError if a local glob matches no file.
    """
    fetched_for = "train" if getattr(corpus, "valid_share", None) is not None else split
    names = _source_names(corpus_id, corpus, fetched_for)
    return [Source(fetched_for, f"{number:05d}", name) for number, name in enumerate(names)]


def expand_range(pattern: str) -> list[str]:
    """Expand `{00000..01023}` as a shell does, keeping leading zeros; a name without it stands for itself."""
    match = RANGE.search(pattern)
    if not match:
        return [pattern]
    first, last = match.groups()
    numbers = [f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]
    return [pattern[: match.start()] + number + pattern[match.end() :] for number in numbers]


def _source_names(corpus_id: str, corpus: Corpus, split: str) -> list[str]:
    if isinstance(corpus, HubCorpus):
        return [name for pattern in getattr(corpus, split) for name in expand_range(pattern)]
    if isinstance(corpus, HubTokensCorpus):
        return [*(name for pattern in corpus.parts for name in expand_range(pattern)), corpus.index]
    if isinstance(corpus, FilesCorpus):
        return [name for pattern in getattr(corpus, split) for name in _match(corpus_id, split, pattern)]
    if corpus.kind == "package":
        return [PurePath(corpus.member).name]
    return []


def _match(corpus_id: str, split: str, pattern: str) -> list[str]:
    names = sorted(glob(pattern, recursive=True))  # noqa: PTH207  # absolute and relative patterns alike
    if not names:
        raise UserError(f"corpora.{corpus_id}.{split}: no file matches {pattern!r}; give existing files")
    return names
