"""How GPT-NeoX becomes importable in a process, from outside its files."""

import importlib.util
import sys
import types
from importlib import import_module
from typing import Any


def make_importable(home: str) -> None:
    """Put a checkout first on the search path, and give it what newer Pythons' packages no longer have."""
    _provide_pkg_resources()
    sys.path.insert(0, home)


def _provide_pkg_resources() -> None:
    """GPT-NeoX takes `packaging` out of pkg_resources, which newer versions of setuptools lack."""
    if importlib.util.find_spec("pkg_resources") is None:
        stand_in: Any = types.ModuleType("pkg_resources")
        stand_in.packaging = import_module("packaging")
        import_module("packaging.version")
        sys.modules["pkg_resources"] = stand_in
