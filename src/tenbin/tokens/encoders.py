"""Texts into ids, by two libraries of one interface.

The tokenizers library is the reference: GPT-NeoX calls it, its ids are the ones that count. fastokens gives
the same ids twenty times as fast, with caches of bounded size. It is trusted with the layout of the GPT-2 and
GPT-NeoX-20B tokenizers alone, where over a gigabyte of either language was compared id by id.
"""

import json
from importlib.metadata import version
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tenbin.tokens.tokenizer import TokenizerFile, limit_threads

UNSET_OF_MODEL = (
    "dropout",
    "unk_token",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
)
UNSET_OF_ADDED_TOKEN = ("single_word", "lstrip", "rstrip")


class EncodedTexts(NamedTuple):
    """The ids of some texts, one text after the other."""

    ids: NDArray[np.uint32]
    """All ids [tokens]."""
    ends: NDArray[np.int64]
    """Where the ids of each text end [texts]."""

    def text(self, number: int) -> NDArray[np.uint32]:
        """Return the ids of one text."""
        return self.ids[self.ends[number - 1] if number else 0 : self.ends[number]]


class Encoder(Protocol):
    """What turns texts into ids."""

    name: str
    """Its library and version, for records and messages."""

    def encode_batch(self, texts: list[str]) -> EncodedTexts:
        """Return the ids of the texts, special tokens that they spell out and those of a post-processor among them."""


class CannotEncodeError(Exception):
    """A reason why a library does not encode for a tokenizer."""


class ReferenceEncoder:
    """The tokenizers library."""

    def __init__(self, tokenizer: TokenizerFile, threads: int) -> None:
        self.name = f"tokenizers {version('tokenizers')}"
        self._tokenizer = tokenizer.load(threads)

    def encode_batch(self, texts: list[str]) -> EncodedTexts:
        """Return the ids of the texts."""
        # GPT-NeoX calls encode(text), hence what a post-processor adds to a text stays in.
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=True)]
        ids = np.fromiter(chain.from_iterable(found), np.uint32)
        return EncodedTexts(ids, np.cumsum([len(part) for part in found], dtype=np.int64))


class FastEncoder:
    """The fastokens library.

    Raises CannotEncodeError if it is not installed or is not to be trusted with the tokenizer.
    """

    def __init__(self, tokenizer: TokenizerFile, threads: int) -> None:
        limit_threads(threads)
        differing = find_untrusted(json.loads(tokenizer.path.read_bytes()))
        if differing:
            raise CannotEncodeError(f"its {differing} is not of the kind that fastokens is trusted with")
        try:
            import fastokens  # noqa: PLC0415
        except ImportError as error:
            raise CannotEncodeError(f"fastokens is not installed ({error})") from None
        self.name = f"fastokens {version('fastokens')}"
        try:
            self._tokenizer = fastokens.Tokenizer.from_file(str(tokenizer.path))
        except ValueError as error:
            raise CannotEncodeError(f"{self.name} refuses it ({error})") from None

    def encode_batch(self, texts: list[str]) -> EncodedTexts:
        """Return the ids of the texts.

        Raises CannotEncodeError if it fails on one.
        """
        try:
            ids, offsets = self._tokenizer.encode_batch_flat(texts, add_special_tokens=True)
        except ValueError as error:
            raise CannotEncodeError(f"{self.name} fails on a text ({error})") from None
        return EncodedTexts(np.frombuffer(ids, "<u4"), np.frombuffer(offsets, "<u8")[1:].astype(np.int64))


def find_untrusted(description: dict[str, Any]) -> str:
    """Return the name of a part of a tokenizer.json that is not as in GPT-2's or GPT-NeoX's, or nothing."""
    model, splitting = description["model"], description.get("pre_tokenizer") or {}
    added = description["added_tokens"]
    as_known = {
        "truncation": description.get("truncation") is None,
        "padding": description.get("padding") is None,
        "normalizer": description.get("normalizer") in (None, {"type": "NFC"}),
        "pre_tokenizer": splitting.get("type") == "ByteLevel"
        and not splitting["add_prefix_space"]
        and splitting.get("use_regex", True),
        "post_processor": (description.get("post_processor") or {"type": "ByteLevel"})["type"] == "ByteLevel",
        "model": model.get("type") == "BPE" and not any(model.get(name) for name in UNSET_OF_MODEL),
        "added_tokens": not any(entry.get(name) for entry in added for name in UNSET_OF_ADDED_TOKEN),
    }
    return next((part for part, known in as_known.items() if not known), "")
