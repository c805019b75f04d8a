"""How numbers are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.pricing.spelling import (
    BYTES,
    HOURS,
    TOKENS,
    choose_unit,
    count,
    decimal,
    percent,
    scientific,
    significant,
    spell_bytes,
)

WRITTEN = {
    0: "0",
    0.00012345: "0.000123",
    0.0999: "0.0999",
    1: "1.00",
    9.876: "9.88",
    99.94: "99.9",
    100: "100",
    1234.5: "1,234",
    12146.2: "12,146",
}


@pytest.mark.parametrize(("number", "text"), WRITTEN.items())
def test_three_digits_or_the_whole(number: float, text: str) -> None:
    assert significant(number) == text


@given(st.floats(1e-4, 1e12))
def test_what_is_written_is_within_half_a_percent(number: float) -> None:
    assert math.isclose(float(significant(number).replace(",", "")), number, rel_tol=6e-3)


def test_what_is_not_known_is_empty() -> None:
    assert [spell(None) for spell in (count, decimal, significant, scientific, BYTES[0].spell)] == [""] * 5


def test_units_suit_the_largest_number() -> None:
    assert choose_unit(TOKENS, [314e9, 5.0, None]).name == "billions"
    assert choose_unit(TOKENS, [2.3e6, 1e5]).name == "millions"
    assert choose_unit(BYTES, [10]).name == "kB"
    assert choose_unit(HOURS, [0.5, None]).name == "minutes"
    assert choose_unit(HOURS, []).name == "seconds"


def test_sizes_shares_and_counts() -> None:
    assert spell_bytes(1_992_700_000_000) == "1,993 GB"
    assert spell_bytes(8_260_000) == "8.26 MB"
    assert percent(-0.1498) == "-15.0 %"
    assert percent(0.016) == "+1.6 %"
    assert count(18_915_328) == "18,915,328"
    assert scientific(3.173e18) == "3.17e+18"
