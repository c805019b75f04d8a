/* Register tiles in the vector extensions of gcc and clang, for the processor that a header before this one names.

   Items of one kind ("own") lie in the lanes of vectors and meet all others one block after the other, so that sums and
   maxima of an item never cross lanes. To be defined before: TARGET (function attribute), LANES (floats of a vector),
   TILE (others or widths of a register tile), VECTORS (own vectors of a register tile), MAXIMUM(a, b). */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE TARGET static inline __attribute__((always_inline))
#define PANEL (LANES * VECTORS) /* own items of a register tile */
#define BLOCK 64                /* others whose logits lie in the first-level cache together */
#define WIDTHS 128              /* of own items that lie there too */

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t words __attribute__((vector_size(LANES * 4)));

/* Others of one block, in place or padded in scratch memory. */
struct block {
    const float *values;
    int64_t stride, count;
};

static int64_t round_up(int64_t value, int64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* out[i][j] = sum_k left[i * item_step + k * sum_step] * right[k][j], added to what is there or not: a tile whose sums
   stay in registers. */
INLINE void multiply_tile(vec *out, int add, const float *left, int64_t item_step, int64_t sum_step, const vec *right,
                          int64_t count)
{
    vec sums[TILE][VECTORS];
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < VECTORS; j++)
            sums[i][j] = (vec){0};
    for (int64_t k = 0; k < count; k++, left += sum_step, right += VECTORS)
#pragma GCC unroll 8
        for (int i = 0; i < TILE; i++)
#pragma GCC unroll 4
            for (int j = 0; j < VECTORS; j++)
                sums[i][j] += right[j] * left[i * item_step];
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < VECTORS; j++)
            out[i * VECTORS + j] = add ? out[i * VECTORS + j] + sums[i][j] : sums[i][j];
}

/* logits[other][own] = sum_d others[other][d] * own[d][own], of a few widths after the other: sums stay accurate, and
   these widths of own items in the first-level cache. */
TARGET static void make_logits(vec *logits, const struct block *block, const vec *own, int64_t width)
{
    for (int64_t d = 0; d < width; d += WIDTHS, own += WIDTHS * VECTORS) {
        const float *others = block->values + d;
        int64_t widths = smaller(WIDTHS, width - d);
        for (int64_t other = 0; other < block->count; other += TILE, others += TILE * block->stride)
            if (d == 0)
                multiply_tile(logits + other * VECTORS, 0, others, block->stride, 1, own, widths);
            else
                multiply_tile(logits + other * VECTORS, 1, others, block->stride, 1, own, widths);
    }
}

/* sums[d][own] += sum_other others[other][d] * weights[other][own] */
TARGET static void add_products(vec *sums, const struct block *block, const vec *weights, int64_t width)
{
    for (int64_t d = 0; d < width; d += TILE)
        multiply_tile(sums + d * VECTORS, 1, block->values + d, 1, block->stride, weights, block->count);
}

/* 2^x for x < 128, 0 below -127. Relative error of the polynomial 9.2e-8 (minimax, with 2^0 = 1), 1.5e-7 in all. */
INLINE vec power_of_two(vec x)
{
    const float rounder = 12582912.0f + 127.0f; /* 1.5 * 2^23: the sum's last bits are round(x) + 127 */
    x = MAXIMUM((vec){0} - 127.0f, x);
    vec biased = x + rounder;
    vec r = x - (biased - rounder);
    vec power = r * 0x1.5bba14p-10f + 0x1.3cea88p-7f;
    power = power * r + 0x1.c6b752p-5f;
    power = power * r + 0x1.ebf9bcp-3f;
    power = power * r + 0x1.62e42ap-1f;
    power = power * r + 1.0f;
    return power * (vec)((words)biased << 23);
}

