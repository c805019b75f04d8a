/* The AVX-512 instructions between the AMX core's tiles, in the compiler's own vectors, for processors without it. */
#ifndef TENBIN_AVX512_EMULATOR_H
#define TENBIN_AVX512_EMULATOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16
#define EACH_LANE for (int lane = 0; lane < LANES; lane++)
#define _MM_FROUND_TO_NEG_INF 1
#define _MM_FROUND_NO_EXC 8
#define _CMP_GT_OQ 30

typedef float __m512 __attribute__((vector_size(64)));
typedef uint16_t __m512bh __attribute__((vector_size(64)));
typedef long long __m512i __attribute__((vector_size(64)));

static inline __m512 _mm512_load_ps(const float *values)
{
    return *(const __m512 *)values;
}

static inline void _mm512_store_ps(float *values, __m512 a)
{
    *(__m512 *)values = a;
}

static inline void _mm512_store_si512(void *place, __m512i a)
{
    memcpy(place, &a, sizeof a);
}

static inline __m512 _mm512_set1_ps(float value)
{
    return value - (__m512){0};
}

static inline __m512 _mm512_add_ps(__m512 a, __m512 b)
{
    return a + b;
}

static inline __m512 _mm512_sub_ps(__m512 a, __m512 b)
{
    return a - b;
}

static inline __m512 _mm512_mul_ps(__m512 a, __m512 b)
{
    return a * b;
}

static inline __m512 _mm512_fmadd_ps(__m512 a, __m512 b, __m512 c)
{
    EACH_LANE c[lane] = fmaf(a[lane], b[lane], c[lane]);
    return c;
}

/* Of a NaN and a number the second, as VMAXPS has it. */
static inline __m512 _mm512_max_ps(__m512 a, __m512 b)
{
    EACH_LANE b[lane] = a[lane] > b[lane] ? a[lane] : b[lane];
    return b;
}

static inline float _mm512_reduce_max_ps(__m512 a)
{
    float largest = a[0];
    EACH_LANE largest = a[lane] > largest ? a[lane] : largest;
    return largest;
}

static inline int _mm512_cmp_ps_mask(__m512 a, __m512 b, int comparison)
{
    int mask = 0;
    (void)comparison; /* the core has but one */
    EACH_LANE mask |= (a[lane] > b[lane]) << lane;
    return mask;
}

static inline float avx512_rounded_down(double value)
{
    float nearest = (float)value;
    return nearest > value ? nextafterf(nearest, -INFINITY) : nearest;
}

/* What is left of a value above the whole number below it, itself rounded down; of an infinity nothing is. */
static inline __m512 _mm512_reduce_ps(__m512 a, int rounding)
{
    (void)rounding; /* the core has but one */
    EACH_LANE a[lane] = isinf(a[lane]) ? 0.0f : avx512_rounded_down((double)a[lane] - floor((double)a[lane]));
    return a;
}

/* a times two to the whole number below b */
static inline __m512 _mm512_scalef_ps(__m512 a, __m512 b)
{
    EACH_LANE a[lane] = isinf(b[lane]) ? a[lane] * (b[lane] < 0 ? 0.0f : INFINITY) : a[lane] * exp2f(floorf(b[lane]));
    return a;
}

static inline uint16_t avx512_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static inline __m512bh _mm512_cvtne2ps_pbh(__m512 upper, __m512 lower)
{
    __m512bh both;
    EACH_LANE both[lane] = avx512_bf16(lower[lane]);
    EACH_LANE both[LANES + lane] = avx512_bf16(upper[lane]);
    return both;
}

#endif
