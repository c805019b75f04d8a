"""Catalogue entries for tokenizers: trained in the workflow, or given."""

from typing import Annotated, Literal

from pydantic import Field

from tenbin.study.base import Entry, Identifier, Sha256

VOCABULARY_MULTIPLE = 128
"""GPT-NeoX pads the vocabulary to a multiple of this (make_vocab_size_divisible_by at model parallelism 1)."""


def padded_vocabulary(vocabulary: int) -> int:
    """Return the vocabulary (entries) padded to the multiple that GPT-NeoX uses."""
    return -(-vocabulary // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE


class TrainedTokenizer(Entry):
    """A byte-level BPE trained on the train splits of some corpora, the same number of bytes of each language."""

    kind: Literal["trained"]
    corpora: tuple[Identifier, ...] = Field(min_length=1)
    """Corpora whose train splits are read."""
    vocabulary: int = Field(ge=258, le=65_500)
    """Entries, the two special tokens and the 256 bytes included; ids must fit 16 bits as in GPT-NeoX."""
    bytes_per_language: int = Field(gt=0)
    """UTF-8 bytes taken of each language (less where a language has less: then of every one as little)."""


class GivenTokenizer(Entry):
    """A tokenizer.json that exists: a local file, or a member of a package's archive."""

    kind: Literal["given"]
    sha256: Sha256
    """SHA-256 of tokenizer.json."""
    file: str | None = None
    """Path of a local tokenizer.json."""
    package: Identifier | None = None
    """The package, by its id in `packages`, that ships it ..."""
    member: str | None = None
    """... and the member of its archive."""


Tokenizer = Annotated[TrainedTokenizer | GivenTokenizer, Field(discriminator="kind")]
