"""Arguments of the form NAME=VALUE."""

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from tenbin.arguments import named_path, named_text


def test_the_first_equals_sign_divides() -> None:
    assert named_path("en=a/b=c.json") == ("en", Path("a/b=c.json"))
    assert named_text("en=ja") == ("en", "ja")


@pytest.mark.parametrize("text", ["", "en", "en=", "=path"])
def test_a_missing_half_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not NAME=VALUE"):
        named_path(text)
