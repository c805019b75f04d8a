/* Between the two products of tiles: what a turn of the AMX core consists of, and its powers of two.

   A turn does in one go, in small steps that alternate, the logits of one block of 32 standing x 32 moving items, the
   powers of the block before it, and a share of the products of the standing 32 before those: see bf16_amx.c. */
#ifndef TENBIN_BF16_AMX_H
#define TENBIN_BF16_AMX_H

#include "amx.h"
#include "bf16_exp.h"
#include "bf16_sweep.h"

#define BLOCK 32
#define HALF 16
#define PANEL_BLOCKS (BF16_PANEL / BLOCK)
#define TILE_VALUES (HALF * BLOCK) /* bf16 values of a full tile */
#define PART_ROWS 4                /* rows of a block whose powers are made in one go */
#define PARTS (BLOCK / PART_ROWS)
#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* What a sweep keeps beside its sums. A block's powers are two tiles, that of the upper 16 standing items first. */
struct own {
    float logits[2][BLOCK * BLOCK];
    uint16_t powers[2][PANEL_BLOCKS * 2 * TILE_VALUES];
    uint16_t standing[]; /* [standing / 16][width / 32][16][32]; at a width of 16 [standing / 16][16][16] */
};

/* Which terms an exponent has: each is one instruction in twenty. */
enum mode { PLAIN, BIASED, SHIFTED };

/* The powers that are due, and how far the work is. */
struct turn {
    struct bf16_sweep *sweep;
    int64_t first;       /* moving item of the panel */
    int blocks;          /* of the panel, for each 32 standing items */
    int step, steps;     /* of tile work: done, and in all */
    int part;            /* of the powers: done, of PARTS */
    int block;           /* whose powers are due, by its place in the panel */
    int64_t item;        /* first of its standing items */
    const float *logits; /* [32][32], its own */
    uint16_t *panel;     /* for all powers of its standing items */
};

/* Rare, hence not inlined: shifts follow the maxima of these rows of exponents. */
TARGET static __attribute__((noinline)) void follow(struct bf16_sweep *sweep, float *y, int64_t item, uint16_t *powers,
                                                    int blocks)
{
    for (int r = 0; r < PART_ROWS; r++, y += BLOCK) {
        float rise = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_load_ps(y), _mm512_load_ps(y + HALF)));
        if (!(rise > sweep->limit))
            continue;
        bf16_raise_shift(sweep, item + r, rise, powers + r * BLOCK, blocks, 2 * TILE_VALUES);
        for (int m = 0; m < BLOCK; m++)
            y[m] -= rise;
    }
}

/* By way of a copy, so that y itself stays in registers. */
INLINE void follow_maxima(struct bf16_sweep *sweep, __m512 y[PART_ROWS][2], int64_t item, uint16_t *powers, int blocks)
{
    float copy[PART_ROWS * BLOCK] __attribute__((aligned(64)));
    UNROLL for (int i = 0; i < 2 * PART_ROWS; i++)
        _mm512_store_ps(copy + i * HALF, y[i / 2][i % 2]);
    follow(sweep, copy, item, powers, blocks);
    UNROLL for (int i = 0; i < 2 * PART_ROWS; i++)
        y[i / 2][i % 2] = _mm512_load_ps(copy + i * HALF);
}

INLINE __m512 exponent(const float *logits, const float *bias, float shift, enum mode mode)
{
    const __m512 log2_e = _mm512_set1_ps((float)LCE_LOG2_E);
    __m512 z = _mm512_load_ps(logits);
    if (mode == PLAIN)
        return _mm512_mul_ps(z, log2_e);
    __m512 add = _mm512_load_ps(bias);
    if (mode == SHIFTED)
        add = _mm512_sub_ps(add, _mm512_set1_ps(shift));
    return _mm512_fmadd_ps(z, log2_e, add);
}

INLINE int passes(__m512 y[PART_ROWS][2], float limit)
{
    __m512 most = _mm512_max_ps(y[0][0], y[0][1]);
    UNROLL for (int r = 1; r < PART_ROWS; r++)
        most = _mm512_max_ps(most, _mm512_max_ps(y[r][0], y[r][1]));
    return _mm512_cmp_ps_mask(most, _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
}

/* Powers of PART_ROWS rows of the block that is due. */
INLINE void add_powers(struct turn *turn, enum mode mode)
{
    struct bf16_sweep *sweep = turn->sweep;
    int row = turn->part++ * PART_ROWS;
    int64_t item = turn->item + row;
    const float *logits = turn->logits + row * BLOCK, *bias = sweep->bias + turn->block * BLOCK;
    uint16_t *panel = turn->panel + row * BLOCK, *powers = panel + turn->block * 2 * TILE_VALUES;
    __m512 y[PART_ROWS][2];
    UNROLL for (int r = 0; r < PART_ROWS; r++)
        UNROLL for (int v = 0; v < 2; v++)
            y[r][v] = exponent(logits + r * BLOCK + v * HALF, bias + v * HALF, sweep->shifts[item + r], mode);
    if (mode == SHIFTED && __builtin_expect(passes(y, sweep->limit), 0))
        follow_maxima(sweep, y, item, panel, turn->block);
    UNROLL for (int r = 0; r < PART_ROWS; r++) {
        __m512 left = bf16_exp2(y[r][0]), right = bf16_exp2(y[r][1]);
        float *sums = sweep->sums + (item + r) * BF16_LANES;
        _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), _mm512_add_ps(left, right)));
        _mm512_store_si512(powers + r * BLOCK, (__m512i)_mm512_cvtne2ps_pbh(right, left));
    }
}

/* A step of tile work is behind us: bring the powers as far. */
INLINE void keep_pace(struct turn *turn, enum mode mode)
{
    turn->step++;
    while (turn->part * turn->steps < PARTS * turn->step)
        add_powers(turn, mode);
}

#endif
