"""Tokens back into bytes: how much text a token stands for.

In a byte-level vocabulary each character of an entry stands for one byte. The alphabet is GPT-2's:
printable Latin-1 bytes stand for themselves, the other 68 for the code points from 256 on.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.errors import UserError

PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
UNPRINTABLE = sorted(set(range(256)) - set(PRINTABLE))
BYTE_OF_CHARACTER = {chr(byte): byte for byte in PRINTABLE} | {
    chr(256 + place): byte for place, byte in enumerate(UNPRINTABLE)
}
CONTINUATION_MASK, CONTINUATION = 0xC0, 0x80


def token_bytes(tokenizer_json: Path) -> list[bytes]:
    """Return for each id the bytes of normalised text that it stands for [vocabulary].

    Added tokens, <|endoftext|> among them, give their own spelling: so they stood in the text. The
    end-of-text that closes a document stands for no text; who walks through documents must leave it out,
    as `decode_document` does. Ids that the vocabulary lacks give b"".

    Raises UserError if the tokenizer is not byte-level.
    """
    description = json.loads(tokenizer_json.read_bytes())
    added = {entry["id"]: entry["content"].encode() for entry in description["added_tokens"]}
    entries = {number: entry for entry, number in _vocabulary(description, tokenizer_json).items()}
    content = {number: _entry_bytes(entry, tokenizer_json) for number, entry in entries.items() if number not in added}
    content |= added
    return [content.get(number, b"") for number in range(max(content) + 1)]


def decode_document(
    ids: Sequence[int] | NDArray[np.integer[Any]], pieces: Sequence[bytes], end_of_text_id: int
) -> bytes:
    """Return the normalised text (UTF-8) of a document's ids, without the end-of-text that closes it."""
    closed = len(ids) > 0 and ids[-1] == end_of_text_id
    return b"".join(pieces[number] for number in ids[: len(ids) - closed])


def lengths_in_bytes(pieces: Iterable[bytes]) -> NDArray[np.int64]:
    """Return the bytes of each piece [vocabulary]."""
    return np.array([len(piece) for piece in pieces], np.int64)


def lengths_in_characters(pieces: Iterable[bytes]) -> NDArray[np.int64]:
    """Return the characters that begin in each piece [vocabulary]; they add up over any cut of UTF-8 text."""
    return np.array([sum(byte & CONTINUATION_MASK != CONTINUATION for byte in piece) for piece in pieces], np.int64)


def _vocabulary(description: dict[str, Any], tokenizer_json: Path) -> dict[str, int]:
    vocabulary = description["model"].get("vocab")
    if not isinstance(vocabulary, dict):
        raise _not_byte_level(tokenizer_json, "its model has no vocabulary by entry")
    return vocabulary


def _entry_bytes(entry: str, tokenizer_json: Path) -> bytes:
    try:
        return bytes(BYTE_OF_CHARACTER[character] for character in entry)
    except KeyError as error:
        raise _not_byte_level(tokenizer_json, f"entry {entry!r} has the character {error}") from None


def _not_byte_level(tokenizer_json: Path, reason: str) -> UserError:
    return UserError(f"{tokenizer_json} is not a byte-level tokenizer ({reason}): bytes of text cannot be counted")
