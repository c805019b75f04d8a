/* bf16 on AVX-512: vdpbf16ps adds 16 times two products to float32 sums (Zen 4 and later; Cooper Lake, Sapphire Rapids
   and later). Zen 5 starts two a cycle, as many as of float32's fused multiply-adds, which do half the work.

   A tile of 4 standing x 64 moving items is multiplied, exponentiated and summed in registers; its powers wait in the
   panel, rounded, until all of the panel's are there for the product with the moving items. */
#include "bf16_sweep.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#include <immintrin.h>
#include <math.h>

#include "bf16_exp.h"

#define BLOCK 16
#define TILE_ROWS 4
#define TILE_VECTORS 4
#define TILE_COLUMNS (TILE_VECTORS * BF16_LANES)
/* Values from one standing item's powers to the next's: rows a power of two apart would share few sets of the cache. */
#define PANEL_STRIDE (BF16_PANEL + 32)
#define SUMS 16 /* registers that `gather` sums in, whatever the shape of its tile */
#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define EACH_VECTOR \
    UNROLL for (int r = 0; r < TILE_ROWS; r++) \
        UNROLL for (int v = 0; v < TILE_VECTORS; v++)

typedef __m512 tile[TILE_ROWS][TILE_VECTORS];

INLINE __m512bh pair_everywhere(const void *word) { return (__m512bh)_mm512_set1_epi32(*(const int *)word); }

INLINE __m512bh pairs_at(const uint32_t *words) { return (__m512bh)_mm512_load_si512(words); }

/* z = 4 standing x 64 moving logits, in nats. */
INLINE void multiply(tile z, const uint32_t *standing, const uint32_t *moving, int64_t pairs)
{
    EACH_VECTOR z[r][v] = _mm512_setzero_ps();
    for (int64_t k = 0; k < pairs; k++) {
        __m512bh y[TILE_VECTORS];
        UNROLL for (int v = 0; v < TILE_VECTORS; v++)
            y[v] = pairs_at(moving + (v * pairs + k) * BF16_LANES);
        UNROLL for (int r = 0; r < TILE_ROWS; r++) {
            __m512bh x = pair_everywhere(standing + k * BF16_LANES + r);
            UNROLL for (int v = 0; v < TILE_VECTORS; v++)
                z[r][v] = _mm512_dpbf16_ps(z[r][v], x, y[v]);
        }
    }
}

/* y = z log2 e + bias - shift */
INLINE void shift(tile z, const float *bias, const float *shifts)
{
    const __m512 log2_e = _mm512_set1_ps((float)LCE_LOG2_E);
    EACH_VECTOR {
        __m512 add = _mm512_sub_ps(_mm512_load_ps(bias + v * BF16_LANES), _mm512_set1_ps(shifts[r]));
        z[r][v] = _mm512_fmadd_ps(z[r][v], log2_e, add);
    }
}

INLINE int passes(tile y, float limit)
{
    __m512 most = y[0][0];
    EACH_VECTOR most = _mm512_max_ps(most, y[r][v]);
    return _mm512_cmp_ps_mask(most, _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
}

/* Rare, hence not inlined: shifts follow the maxima of this tile's exponents. */
TARGET static __attribute__((noinline)) void follow(struct bf16_sweep *sweep, float *y, int64_t item, uint16_t *powers,
                                                    int place)
{
    for (int r = 0; r < TILE_ROWS; r++, y += TILE_COLUMNS) {
        float rise = -INFINITY;
        for (int m = 0; m < TILE_COLUMNS; m++)
            rise = y[m] > rise ? y[m] : rise;
        if (!(rise > sweep->limit))
            continue;
        bf16_raise_shift(sweep, item + r, rise, powers + r * PANEL_STRIDE, place / 32, 32);
        for (int m = 0; m < TILE_COLUMNS; m++)
            y[m] -= rise;
    }
}

/* By way of a copy, so that y itself stays in registers. */
INLINE void follow_maxima(struct bf16_sweep *sweep, tile y, int64_t item, uint16_t *powers, int place)
{
    float copy[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
    EACH_VECTOR _mm512_store_ps(copy + (r * TILE_VECTORS + v) * BF16_LANES, y[r][v]);
    follow(sweep, copy, item, powers, place);
    EACH_VECTOR y[r][v] = _mm512_load_ps(copy + (r * TILE_VECTORS + v) * BF16_LANES);
}

/* Sums and powers of a row of the tile. */
INLINE void exponentiate(const __m512 *y, float *sums, uint16_t *powers)
{
    __m512 e[TILE_VECTORS];
    UNROLL for (int v = 0; v < TILE_VECTORS; v++)
        e[v] = bf16_exp2(y[v]);
    __m512 sum = _mm512_add_ps(_mm512_add_ps(e[0], e[1]), _mm512_add_ps(e[2], e[3]));
    _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), sum));
    _mm512_store_si512(powers, (__m512i)_mm512_cvtne2ps_pbh(e[1], e[0]));
    _mm512_store_si512(powers + 32, (__m512i)_mm512_cvtne2ps_pbh(e[3], e[2]));
}

INLINE void add_tile(struct bf16_sweep *sweep, int64_t item, int row, int64_t first, int place, int64_t pairs)
{
    uint16_t *powers = (uint16_t *)sweep->own + row * PANEL_STRIDE;
    tile y;
    item += row;
    multiply(y, sweep->standing + item / BLOCK * BLOCK * pairs + row, sweep->across + (first + place) * pairs, pairs);
    shift(y, sweep->bias + place, sweep->shifts + item);
    if (__builtin_expect(passes(y, sweep->limit), 0))
        follow_maxima(sweep, y, item, powers, place);
    UNROLL for (int r = 0; r < TILE_ROWS; r++)
        exponentiate(y[r], sweep->sums + (item + r) * BF16_LANES, powers + r * PANEL_STRIDE + place);
}

/* sums += the powers of SUMS / vectors standing items . 32 moving items at 16 * vectors places */
INLINE void gather_piece(__m512 *sums, const uint16_t *powers, const uint32_t *along, int vectors)
{
    for (int j = 0; j < 16; j++) {
        __m512bh x[SUMS];
        UNROLL for (int v = 0; v < vectors; v++)
            x[v] = pairs_at(along + v * 256 + j * BF16_LANES);
        UNROLL for (int r = 0; r < SUMS / vectors; r++) {
            __m512bh e = pair_everywhere(powers + r * PANEL_STRIDE + 2 * j);
            UNROLL for (int v = 0; v < vectors; v++)
                sums[r * vectors + v] = _mm512_dpbf16_ps(sums[r * vectors + v], e, x[v]);
        }
    }
}

INLINE void gather(float *out, const uint16_t *powers, const uint32_t *along, int vectors, int64_t width, int count)
{
    __m512 sums[SUMS];
    UNROLL for (int i = 0; i < SUMS; i++)
        sums[i] = _mm512_load_ps(out + i / vectors * width + i % vectors * BF16_LANES);
    for (int m = 0; m < count; m += 32)
        gather_piece(sums, powers + m, along + m / 2 * width, vectors);
    UNROLL for (int i = 0; i < SUMS; i++)
        _mm512_store_ps(out + i / vectors * width + i % vectors * BF16_LANES, sums[i]);
}

INLINE void gather_places(struct bf16_sweep *sweep, int64_t item, int64_t place, int vectors, int64_t first, int count)
{
    const uint32_t *along = sweep->along + bf16_along_word(first, place, sweep->width);
    for (int row = 0; row < BLOCK; row += SUMS / vectors)
        gather(sweep->out + (item + row) * sweep->width + place, (uint16_t *)sweep->own + row * PANEL_STRIDE, along,
               vectors, sweep->width, count);
}

TARGET static void gather_all(struct bf16_sweep *sweep, int64_t item, int64_t first, int count)
{
    int64_t place = 0;
    for (; place + 64 <= sweep->width; place += 64)
        gather_places(sweep, item, place, 4, first, count);
    if (place + 32 <= sweep->width)
        gather_places(sweep, item, place, 2, first, count);
    else if (place < sweep->width)
        gather_places(sweep, item, place, 1, first, count);
}

INLINE void add_panel_of_width(struct bf16_sweep *sweep, int64_t first, int count, int64_t pairs)
{
    for (int64_t item = 0; item < sweep->standing_items; item += BLOCK) {
        for (int place = 0; place < count; place += TILE_COLUMNS)
            for (int row = 0; row < BLOCK; row += TILE_ROWS)
                add_tile(sweep, item, row, first, place, pairs);
        if (sweep->out)
            gather_all(sweep, item, first, count);
    }
}

/* Loops over few pairs are unrolled by the compiler if it knows their number. */
TARGET static void add_panel(struct bf16_sweep *sweep, int64_t first, int count)
{
    if (sweep->width == 16)
        add_panel_of_width(sweep, first, count, 8);
    else if (sweep->width == 32)
        add_panel_of_width(sweep, first, count, 16);
    else
        add_panel_of_width(sweep, first, count, sweep->width / 2);
}

static size_t own_bytes(int64_t width) { return (void)width, sizeof(uint16_t) * BLOCK * PANEL_STRIDE; }

static const struct bf16_core core = {.block = BLOCK, .own_bytes = own_bytes, .add_panel = add_panel};

static int supported(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
           && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
}

static size_t scratch_bytes(int64_t width) { return bf16_scratch_bytes(&core, width); }

static void sum_rows(const struct lce_task *task, int64_t first, int64_t last, void *scratch)
{
    bf16_sum_rows(&core, task, first, last, scratch);
}

static void sum_columns(const struct lce_task *task, int64_t first, int64_t last, void *scratch)
{
    bf16_sum_columns(&core, task, first, last, scratch);
}

const struct lce_path lce_avx512_bf16 = {
    .name = "avx512bf16-bf16",
    .rounds_to_bf16 = 1,
    .supported = supported,
    .row_block = BF16_LANES,
    .column_block = BF16_LANES,
    .packed_hidden_bytes = bf16_packed_bytes,
    .packed_weight_bytes = bf16_packed_bytes,
    .scratch_bytes = scratch_bytes,
    .pack_hidden = bf16_pack_hidden,
    .pack_weight = bf16_pack_weight,
    .sum_rows = sum_rows,
    .sum_columns = sum_columns,
};
#endif
