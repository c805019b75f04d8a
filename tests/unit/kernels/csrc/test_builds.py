"""The C sources built otherwise than for use: with sanitizers, by another compiler, for another processor.

Each build runs random calls of every path that the processor has against sums in float64.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[4] / "src/tenbin/kernels/csrc"
NEEDED = {"fuzz_loss.c": "[!a]*.c", "fuzz_attention.c": "attention*.c"}
PROGRAMS = {"fuzz_loss.c": ["portable-fp32", "portable-bf16"], "fuzz_attention.c": ["portable"]}
"""Each with the paths that every processor has."""

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("program", PROGRAMS)]


def build(compiler: str, flags: list[str], program: str, folder: Path) -> Path:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    built = folder / "fuzz"
    sources = [Path(__file__).with_name(program), *sorted(SOURCES.glob(NEEDED[program]))]
    command = [compiler, "-std=gnu11", *flags, f"-I{SOURCES}", *sources, "-o", built]
    subprocess.run([*command, "-lm", "-lpthread"], check=True)
    return built


def run(*command: str | Path) -> list[str]:
    """Return the paths that were tried. A wrong result or a sanitizer's finding ends the program with a status."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.split()


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_sanitizers_find_nothing(program, sanitizers, tmp_path):
    flags = ["-O1", "-g", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    assert set(PROGRAMS[program]) <= set(run(build("cc", flags, program, tmp_path), "40"))


def test_clang_builds_what_computes_right(program, tmp_path):
    assert set(PROGRAMS[program]) <= set(run(build("clang-14", ["-O2"], program, tmp_path), "40"))


def test_on_aarch64_the_portable_paths_compute_right(program, tmp_path):
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("no qemu-aarch64 here")
    built = build("aarch64-linux-gnu-gcc", ["-O2", "-static"], program, tmp_path)
    assert run("qemu-aarch64", built, "20") == PROGRAMS[program]
