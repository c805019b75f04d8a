"""The emulated AVX-512 instructions against the processor's."""

import ctypes

import numpy as np
import pytest
from kernel_builds import COMPILER, EMULATE_AMX, SOURCES, compile_c

from tenbin.kernels import compiled

OLDER_PROCESSOR = (*EMULATE_AMX, "-march=x86-64-v3")
"""With fused multiply-adds, which the compiler forms of plain C, but without AVX-512."""
EVERY_INSTRUCTION = f"""
#include "{SOURCES}/amx.h"
#include "{SOURCES}/bf16_exp.h"
float in[2][16] __attribute__((aligned(64))), out[6][16] __attribute__((aligned(64)));
void run(void)
{{
    __m512 a = _mm512_load_ps(in[0]), b = _mm512_load_ps(in[1]);
    _mm512_store_ps(out[0], bf16_exp2(a));
    _mm512_store_ps(out[1], _mm512_max_ps(a, b));
    _mm512_store_ps(out[2], _mm512_fmadd_ps(a, b, _mm512_set1_ps(0.1f)));
    _mm512_store_ps(out[3], _mm512_sub_ps(_mm512_add_ps(a, b), _mm512_mul_ps(a, b)));
    _mm512_store_si512(out[4], (__m512i)_mm512_cvtne2ps_pbh(b, a));
    out[5][0] = _mm512_reduce_max_ps(a);
    out[5][1] = _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}}
"""


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
@pytest.mark.skipif("avx512bf16-bf16" not in compiled.supported_paths(), reason="no AVX-512 with bf16 to compare with")
def test_every_instruction_gives_the_same_bits(tmp_path):
    (tmp_path / "every.c").write_text(EVERY_INSTRUCTION)
    values = np.random.default_rng(0).normal(size=(500, 2, 16)).astype(np.float32) * [[[1], [30]]]
    values[0, 0, :6] = np.inf, -np.inf, 127.5, -130.0, 200.0, -200.0
    real, emulated = (results(tmp_path, flags, values) for flags in (EMULATE_AMX, OLDER_PROCESSOR))
    np.testing.assert_array_equal(real, emulated)
    assert (real[0, 0, :2] == [np.inf, 0]).all()


def results(folder, flags, values):
    """Return what each pair of inputs [2, 16] gives, as float32 [6, 16]."""
    library = folder / f"{flags[-1]}.so"
    compile_c(library, str(folder / "every.c"), "-shared", "-fPIC", *flags)
    loaded = ctypes.CDLL(str(library))
    found = []
    for pair in values:
        (ctypes.c_float * 32).in_dll(loaded, "in")[:] = pair.ravel().tolist()
        loaded.run()
        found.append(np.array((ctypes.c_float * 96).in_dll(loaded, "out"), np.float32).reshape(6, 16))
    return np.stack(found)
