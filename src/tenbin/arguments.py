"""Arguments that several command-line programs share."""

import argparse
from pathlib import Path


def named_path(text: str) -> tuple[str, Path]:
    """Parse NAME=PATH, for argparse's `type`."""
    name, path = named_text(text)
    return name, Path(path)


def named_text(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE, for argparse's `type`.

    Raises ArgumentTypeError if there is no name or no value.
    """
    name, _, value = text.partition("=")
    if not (name and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
