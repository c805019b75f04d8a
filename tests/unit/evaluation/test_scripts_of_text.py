"""Scripts of characters, held against the Unicode character database and Python's own decoder."""

import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.evaluation.scripts_of_text import SCRIPTS, scripts_of_bytes, scripts_of_code_points

JAPANESE_NAMES = (
    "CJK UNIFIED IDEOGRAPH",
    "CJK COMPATIBILITY IDEOGRAPH",
    "IDEOGRAPHIC ITERATION",
    "IDEOGRAPHIC CLOSING",
)


def script_by_database(character: str) -> str:
    name, category = unicodedata.name(character, ""), unicodedata.category(character)
    kana = ("HIRAGANA" in name or "KATAKANA" in name) and category[0] in "LM"
    if kana or name.startswith(JAPANESE_NAMES) or name == "IDEOGRAPHIC NUMBER ZERO":
        return "japanese"
    return "latin" if category[0] == "L" and ("LATIN " in name or name.endswith("ORDINAL INDICATOR")) else "other"


def test_ranges_agree_with_the_unicode_database_in_the_basic_plane() -> None:
    assigned = [c for c in range(0x10000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    found = [SCRIPTS[s] for s in scripts_of_code_points(np.array(assigned, np.int32))]
    wrong = {hex(c): script for c, script in zip(assigned, found, strict=True) if script != script_by_database(chr(c))}
    assert wrong == {}


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_bytes_have_the_script_of_their_character(text: str) -> None:
    scripts, starts = scripts_of_bytes(np.frombuffer(text.encode("utf-8"), np.uint8))
    by_character = scripts_of_code_points(np.array([ord(c) for c in text], np.int32))
    assert scripts.tolist() == [s for c, s in zip(text, by_character, strict=True) for _ in c.encode()]
    assert int(starts.sum()) == len(text)


def test_mixed_text_is_told_apart() -> None:
    text = "猫ねこネコー、Cat3!・Ａ"
    scripts, starts = scripts_of_bytes(np.frombuffer(text.encode(), np.uint8))
    found = [SCRIPTS[s][0] for s in scripts[starts]]
    assert "".join(found) == "jjjjjj" + "o" + "lll" + "oo" + "o" + "l"
