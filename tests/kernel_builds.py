"""Builds of the compiled kernel beside the installed one, such as one whose AMX instructions are emulated."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tenbin.kernels import compiled

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCES = CHECKOUT / "src" / "tenbin" / "kernels" / "csrc"
EMULATOR = CHECKOUT / "tests" / "emulators" / "amx"
EMULATE_AMX = ("-DTENBIN_EMULATE_AMX", f"-I{EMULATOR}", "-march=native", "-Wno-psabi")
COMPILER = shutil.which("cc")


def build_library(library: Path, *flags: str) -> Path:
    """Compile all sources of the kernel into a shared library and return its path."""
    sources = sorted(str(source) for source in SOURCES.glob("*.c"))
    compile_c(library, *sources, "-shared", "-fPIC", *flags, "-lpthread")
    return library


def use_library(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package load this library, for the length of a test, in place of its own."""
    monkeypatch.setattr(compiled, "LIBRARY", library)
    for remembered in ("load_library", "supported_paths"):
        monkeypatch.setattr(compiled, remembered, cache(getattr(compiled, remembered).__wrapped__))


def compile_c(output: Path, *arguments: str) -> None:
    """Run the C compiler; what it says is in the failure."""
    assert COMPILER
    command = [COMPILER, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", *arguments, "-lm", "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
