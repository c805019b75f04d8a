"""What AMX loads, seen on a processor without it."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[4] / "src/tenbin/kernels/csrc"
NO_WITNESS = 2

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="tiles are of x86 alone")


@pytest.mark.parametrize("optimised", ["-O1", "-O2", "-O3"])
@pytest.mark.parametrize("compiler", ["cc", "clang-14"])
def test_tile_shapes_are_in_memory_when_they_are_loaded(compiler, optimised, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    sources = [Path(__file__).with_name("tile_shapes.c"), *sorted(SOURCES.glob("[!a]*.c"))]
    command = [compiler, "-std=gnu11", optimised, f"-I{SOURCES}", *sources, "-o", tmp_path / "program"]
    subprocess.run([*command, "-lm", "-lpthread"], check=True)
    status = subprocess.run([tmp_path / "program"], check=False).returncode
    if status == NO_WITNESS:
        pytest.skip("this processor has tiles, or too little before them")
    assert status == 0
