"""Scripts of text: which bytes of a stream are Japanese (kana and kanji), Latin letters or anything else.

A validation set of one language holds others: Japanese text quotes English names, and half of all
characters are blanks, digits and punctuation. A loss by script tells what a mix really changed.
Characters are found in the UTF-8 bytes themselves (RFC 3629), since a token may hold part of one.
The ranges are those of the Unicode character database, written out so that the classification does
not depend on Python's version; a test compares them with it.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Script = Literal["japanese", "latin", "other", "end"]
SCRIPTS: tuple[Script, ...] = ("japanese", "latin", "other", "end")
JAPANESE, LATIN, OTHER, END = range(4)
"""Numbers of the scripts, strongest first: a token with bytes of several belongs to the smallest number."""

JAPANESE_RANGES = (
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3041, 0x309A),  # hiragana and its voicing marks
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),  # katakana; the middle dot between is punctuation
    (0x30FC, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # kanji
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAD9),
    (0xFF66, 0xFF9F),  # half-width katakana
    (0x1AFF0, 0x1B167),
    (0x20000, 0x3FFFF),
)
LATIN_RANGES = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xAA, 0xAA),
    (0xBA, 0xBA),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2AF),
    (0x1D00, 0x1D25),
    (0x1D62, 0x1D65),
    (0x1D6B, 0x1D77),
    (0x1D79, 0x1D9A),
    (0x1E00, 0x1EFF),
    (0x2071, 0x2071),
    (0x207F, 0x207F),
    (0x2090, 0x209C),
    (0x2184, 0x2184),
    (0x2C60, 0x2C7C),
    (0x2C7E, 0x2C7F),
    (0xA722, 0xA76F),
    (0xA771, 0xA787),
    (0xA78B, 0xA7F1),
    (0xA7F5, 0xA7F7),
    (0xA7FA, 0xA7FF),
    (0xAB30, 0xAB5A),
    (0xAB60, 0xAB64),
    (0xAB66, 0xAB68),
    (0xFB00, 0xFB06),
    (0xFF21, 0xFF3A),  # full-width letters
    (0xFF41, 0xFF5A),
)


def scripts_of_bytes(text: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the script number of every byte of UTF-8 text and whether a character starts at it, both (bytes,).

    A byte has the script of the character that it is part of.
    """
    starts = (text & 0xC0) != 0x80
    script_of_character = scripts_of_code_points(_code_points(text, np.flatnonzero(starts)))
    # Continuation bytes before any first byte can only come from damaged text.
    character_of_byte = np.maximum(np.cumsum(starts) - 1, 0)
    if not len(script_of_character):
        return np.full(len(text), OTHER, np.uint8), starts
    return script_of_character[character_of_byte], starts


def scripts_of_code_points(code_points: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the script number of every code point."""
    scripts = np.full(len(code_points), OTHER, np.uint8)
    for script, ranges in ((LATIN, LATIN_RANGES), (JAPANESE, JAPANESE_RANGES)):
        firsts, lasts = np.array(ranges, np.int32).T
        place = np.searchsorted(firsts, code_points, side="right") - 1
        scripts[(place >= 0) & (code_points <= lasts[place])] = script
    return scripts


def _code_points(text: NDArray[np.uint8], starts: NDArray[np.intp]) -> NDArray[np.int32]:
    padded = np.concatenate([text, np.zeros(3, np.uint8)]).astype(np.int32)
    first = padded[starts]
    second, third, fourth = (padded[starts + place] & 0x3F for place in (1, 2, 3))
    two = (first & 0x1F) << 6 | second
    three = (first & 0x0F) << 12 | second << 6 | third
    four = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    return np.select([first < 0x80, first < 0xE0, first < 0xF0], [first, two, three], four)
