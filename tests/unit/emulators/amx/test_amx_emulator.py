"""The emulated AMX instructions against a plain account of what they compute, and what they refuse."""

import ctypes
import subprocess

import numpy as np
import pytest
from kernel_builds import COMPILER, EMULATE_AMX, SOURCES, compile_c

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
HEADER = f'#include "{SOURCES}/amx.h"\n'
FULL = "static struct amx_shapes shapes = {.palette = 1, .row_bytes = {64, 64, 64, 32}, .rows = {16, 16, 16, 16}};\n"
DOT = """
void dot(float *sums, const void *left, const void *right)
{
    amx_shape(&shapes);
    amx_load(0, sums, 64);
    amx_load(1, left, 64);
    amx_load(2, right, 64);
    amx_dot(0, 1, 2);
    amx_store(0, sums, 64);
    amx_release();
}
"""


@pytest.fixture(scope="module")
def dot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amx")
    (folder / "dot.c").write_text(HEADER + FULL + DOT)
    compile_c(folder / "dot.so", str(folder / "dot.c"), "-shared", "-fPIC", *EMULATE_AMX)
    return ctypes.CDLL(str(folder / "dot.so")).dot


def run(dot, sums, left, right):
    """Return sums [16, 16] + left [16, 32] . right, whose rows [16, 32] hold pairs of rows."""
    sums = np.ascontiguousarray(sums, np.float32)
    halves = [np.ascontiguousarray(factor, np.float32).view(np.uint32) >> 16 for factor in (left, right)]
    halves = [half.astype(np.uint16) for half in halves]
    dot(sums.ctypes.data_as(ctypes.c_void_p), *(half.ctypes.data_as(ctypes.c_void_p) for half in halves))
    return sums


def test_a_dot_product_is_that_of_pairs(dot):
    random = np.random.default_rng(0)
    left, matrix = random.integers(-8, 8, (16, 32)), random.integers(-8, 8, (32, 16))
    sums = random.integers(-99, 99, (16, 16))
    pairs = matrix.reshape(16, 2, 16).transpose(0, 2, 1).reshape(16, 32)
    np.testing.assert_array_equal(run(dot, sums, left, pairs), sums + left @ matrix)


def test_even_and_odd_places_are_summed_apart_and_the_tile_comes_last(dot):
    """1 and 2^-24 lie in even places, 2^-24 in an odd one: summed in order they would give another float."""
    left, right = np.zeros((16, 32)), np.ones((16, 32))
    left[0, [0, 2, 1, 3]] = 1, 2**-24, 2**-24, 2**-24
    found = run(dot, np.zeros((16, 16)), left, right)
    assert found[0, 0] == np.float32(1 + 2**-23)
    left[0, [0, 2, 1, 3]] = 2**-24, 0, 0, 0
    assert run(dot, np.ones((16, 16)), left, right)[0, 0] == 1.0


@pytest.mark.parametrize("tiny", [1e-39, 2.0**-127])
def test_numbers_below_the_normal_range_count_as_zero(dot, tiny):
    left, right = np.full((16, 32), tiny), np.full((16, 32), 2.0**60)
    assert not run(dot, np.zeros((16, 16)), left, right).any()
    assert not run(dot, np.full((16, 16), tiny), np.zeros((16, 32)), right).any()
    assert not run(dot, np.zeros((16, 16)), np.full((16, 32), 2.0**-70), np.full((16, 32), 2.0**-70)).any()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("amx_zero(0);", "no tile shapes are loaded"),
        ("amx_shape(&shapes); amx_zero(4);", "the tile has no shape"),
        ("amx_shape(&shapes); amx_release(); amx_zero(0);", "no tile shapes are loaded"),
        ("amx_shape(&shapes); amx_dot(0, 1, 1);", "the three tiles are not different ones"),
        ("amx_shape(&shapes); amx_dot(0, 3, 1);", "pairs of the left factor are not rows of the right one"),
        ("amx_shape(&shapes); amx_dot(3, 1, 2);", "columns of the sums and of the right factor differ"),
        ("shapes.rows[1] = 17; amx_shape(&shapes);", "a shape is too large"),
        ("shapes.rows[1] = 0; amx_shape(&shapes);", "a shape with rows but no bytes, or the reverse"),
        ("shapes.rows[1] = 8; amx_shape(&shapes); amx_dot(0, 1, 2);", "rows of the sums and of the left factor differ"),
        ("shapes.palette = 2; amx_shape(&shapes);", "palette is not 1, or start row is not 0"),
        ("shapes.reserved[3] = 1; amx_shape(&shapes);", "a reserved byte is not 0"),
    ],
)
def test_what_faults_on_a_processor_ends_the_program(tmp_path, body, fault):
    (tmp_path / "main.c").write_text(HEADER + FULL + f"int main(void) {{ {body} return 0; }}\n")
    compile_c(tmp_path / "main", str(tmp_path / "main.c"), "-Wno-unused-variable", *EMULATE_AMX)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert done.returncode < 0
    assert done.stderr == f"AMX fault: {fault}\n"
