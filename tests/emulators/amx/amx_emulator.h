/* The AMX instructions that the bf16 core uses, as functions, for processors that have none.

   After the pseudo-code of TILELOADD, TILESTORED, TILEZERO, TDPBF16PS and LDTILECFG in Intel's Software Developer's
   Manual, volume 2: what faults there (#UD, #GP) ends the program here with a message. The dot product's rules: even
   and odd places are summed apart, by fused multiply-adds in float32, rounded to nearest even, from zero; both
   sums are added to each other, then to the tile; numbers below the normal range are taken as, and become, zero. */
#ifndef TENBIN_AMX_EMULATOR_H
#define TENBIN_AMX_EMULATOR_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __AVX512BF16__
#include <immintrin.h>
#else
#include "avx512_emulator.h"
#endif

#define TARGET /* this compiler's flags say it all */
#define AMX_TILES 8
#define AMX_ROWS 16
#define AMX_ROW_BYTES 64

struct amx_tile {
    uint8_t bytes[AMX_ROWS][AMX_ROW_BYTES];
};

static __thread struct amx_shapes amx_shapes_now; /* palette 0: no shapes, all instructions on tiles fault */
static __thread struct amx_tile amx_tiles[AMX_TILES];

static inline void amx_require(int holds, const char *rule)
{
    if (holds)
        return;
    fprintf(stderr, "AMX fault: %s\n", rule);
    abort();
}

static inline void amx_require_tile(int tile)
{
    amx_require(amx_shapes_now.palette == 1, "no tile shapes are loaded");
    amx_require(tile >= 0 && tile < AMX_TILES, "no such tile");
    amx_require(amx_shapes_now.rows[tile] && amx_shapes_now.row_bytes[tile], "the tile has no shape");
}

static inline void amx_require_shapes(const struct amx_shapes *shapes)
{
    amx_require(shapes->palette == 1 && shapes->start_row == 0, "palette is not 1, or start row is not 0");
    for (size_t i = 0; i < sizeof shapes->reserved; i++)
        amx_require(!shapes->reserved[i], "a reserved byte is not 0");
    for (int tile = 0; tile < 16; tile++) {
        int rows = shapes->rows[tile], row_bytes = shapes->row_bytes[tile];
        amx_require(tile < AMX_TILES || !(rows || row_bytes), "a shape for a tile that is not there");
        amx_require(rows <= AMX_ROWS && row_bytes <= AMX_ROW_BYTES, "a shape is too large");
        amx_require(!rows == !row_bytes, "a shape with rows but no bytes, or the reverse");
    }
}

static inline void amx_shape(const struct amx_shapes *shapes)
{
    amx_require_shapes(shapes);
    amx_shapes_now = *shapes;
    memset(amx_tiles, 0, sizeof amx_tiles);
}

static inline void amx_release(void)
{
    memset(&amx_shapes_now, 0, sizeof amx_shapes_now);
    memset(amx_tiles, 0, sizeof amx_tiles);
}

static inline void amx_zero(int tile)
{
    amx_require_tile(tile);
    memset(&amx_tiles[tile], 0, sizeof amx_tiles[tile]);
}

static inline void amx_load(int tile, const void *base, int64_t row_bytes)
{
    amx_zero(tile);
    for (int row = 0; row < amx_shapes_now.rows[tile]; row++)
        memcpy(amx_tiles[tile].bytes[row], (const char *)base + row * row_bytes, amx_shapes_now.row_bytes[tile]);
}

static inline void amx_store(int tile, void *base, int64_t row_bytes)
{
    amx_require_tile(tile);
    for (int row = 0; row < amx_shapes_now.rows[tile]; row++)
        memcpy((char *)base + row * row_bytes, amx_tiles[tile].bytes[row], amx_shapes_now.row_bytes[tile]);
}

static inline float amx_flush(float value)
{
    return fabsf(value) < 0x1p-126f ? copysignf(0.0f, value) : value;
}

static inline float amx_float(const struct amx_tile *tile, int row, int place)
{
    float value;
    memcpy(&value, tile->bytes[row] + place * sizeof value, sizeof value);
    return amx_flush(value);
}

static inline float amx_bf16(const struct amx_tile *tile, int row, int place)
{
    uint16_t half;
    uint32_t bits;
    float value;
    memcpy(&half, tile->bytes[row] + place * sizeof half, sizeof half);
    bits = (uint32_t)half << 16;
    memcpy(&value, &bits, sizeof value);
    return amx_flush(value);
}

/* Sum of the pairs' even (or odd) products. */
static inline float amx_half_dot(const struct amx_tile *left, const struct amx_tile *right, int row, int column,
                                 int pairs, int odd)
{
    float sum = 0.0f;
    for (int k = 0; k < pairs; k++)
        sum = amx_flush(fmaf(amx_bf16(left, row, 2 * k + odd), amx_bf16(right, k, 2 * column + odd), sum));
    return sum;
}

static inline void amx_require_dot(int sums, int left, int right)
{
    const struct amx_shapes *now = &amx_shapes_now;
    amx_require_tile(sums), amx_require_tile(left), amx_require_tile(right);
    amx_require(sums != left && left != right && sums != right, "the three tiles are not different ones");
    amx_require(now->rows[sums] == now->rows[left], "rows of the sums and of the left factor differ");
    amx_require(now->row_bytes[sums] == now->row_bytes[right], "columns of the sums and of the right factor differ");
    amx_require(now->row_bytes[left] == 4 * now->rows[right], "pairs of the left factor are not rows of the right one");
    amx_require(now->row_bytes[sums] % 4 == 0, "columns are not whole");
}

static inline void amx_dot(int sums, int left, int right)
{
    amx_require_dot(sums, left, right);
    struct amx_tile result = {0};
    int pairs = amx_shapes_now.row_bytes[left] / 4;
    for (int row = 0; row < amx_shapes_now.rows[sums]; row++)
        for (int column = 0; column < amx_shapes_now.row_bytes[sums] / 4; column++) {
            float even = amx_half_dot(&amx_tiles[left], &amx_tiles[right], row, column, pairs, 0);
            float odd = amx_half_dot(&amx_tiles[left], &amx_tiles[right], row, column, pairs, 1);
            float sum = amx_flush(amx_float(&amx_tiles[sums], row, column) + amx_flush(even + odd));
            memcpy(result.bytes[row] + column * sizeof sum, &sum, sizeof sum);
        }
    amx_tiles[sums] = result;
}

/* This "processor" has AMX, and its system lets it. */
static inline int amx_permitted(void)
{
    return 1;
}

#endif
