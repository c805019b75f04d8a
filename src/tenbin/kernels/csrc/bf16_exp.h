/* 2^y for the bf16 cores, to a relative error of 2.7e-6: six instructions.

   y = n + f with n = floor(y); 2^f by the polynomial of degree 4 whose largest relative error on [0, 1] is the smallest
   (found by linear programming); times 2^floor(y) by vscalefps, which saturates to 0 and infinity: no clamp is needed.
   The includer has the intrinsics, and TARGET, the processor features of all its functions. */
#ifndef TENBIN_BF16_EXP_H
#define TENBIN_BF16_EXP_H

TARGET static inline __attribute__((always_inline)) __m512 bf16_exp2(__m512 y)
{
    __m512 f = _mm512_reduce_ps(y, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 p = _mm512_set1_ps(0.01353416871f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.05201146007f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.24144275486f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.69300383329f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.00000262260f));
    return _mm512_scalef_ps(p, y);
}

#endif
