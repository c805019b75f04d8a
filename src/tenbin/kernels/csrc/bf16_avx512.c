/* bf16 on AVX-512: vdpbf16ps adds 16 times two products to float32 sums (Zen 4 and later; Cooper Lake, Sapphire Rapids
   and later). Zen 5 starts two a cycle, as many as of float32's fused multiply-adds, which do half the work.

   A tile of 4 standing x 64 moving items is multiplied, exponentiated and summed in registers; its powers wait in the
   panel, rounded, until all of the panel's are there for the product with the moving items. */
#include "bf16_sweep.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#include <immintrin.h>
#include <math.h>
#include <string.h>

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
                                                    int place, int64_t column)
{
    for (int r = 0; r < TILE_ROWS; r++, y += TILE_COLUMNS) {
        float rise = -INFINITY;
        for (int m = 0; m < TILE_COLUMNS; m++)
            rise = y[m] > rise ? y[m] : rise;
        if (!(rise > sweep->limit))
            continue;
        bf16_raise_shift(sweep, item + r, rise, powers + r * PANEL_STRIDE, place / 32, 32);
        if (sweep->kept)
            bf16_scale_kept(sweep, item + r, column, rise);
        for (int m = 0; m < TILE_COLUMNS; m++)
            y[m] -= rise;
    }
}

/* By way of a copy, so that y itself stays in registers. */
INLINE void follow_maxima(struct bf16_sweep *sweep, tile y, int64_t item, uint16_t *powers, int place, int64_t column)
{
    float copy[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
    EACH_VECTOR _mm512_store_ps(copy + (r * TILE_VECTORS + v) * BF16_LANES, y[r][v]);
    follow(sweep, copy, item, powers, place, column);
    EACH_VECTOR y[r][v] = _mm512_load_ps(copy + (r * TILE_VECTORS + v) * BF16_LANES);
}

/* Sums and powers of a row of the tile, whose exponents become powers. */
INLINE void exponentiate(__m512 *e, float *sums, uint16_t *powers)
{
    UNROLL for (int v = 0; v < TILE_VECTORS; v++)
        e[v] = bf16_exp2(e[v]);
    __m512 sum = _mm512_add_ps(_mm512_add_ps(e[0], e[1]), _mm512_add_ps(e[2], e[3]));
    _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), sum));
    _mm512_store_si512(powers, (__m512i)_mm512_cvtne2ps_pbh(e[1], e[0]));
    _mm512_store_si512(powers + 32, (__m512i)_mm512_cvtne2ps_pbh(e[3], e[2]));
}

/* Pairs of powers of two rows each, for the sums over rows. */
INLINE void keep(tile e, uint32_t *kept)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    UNROLL for (int r = 0; r < TILE_ROWS; r += 2)
        UNROLL for (int v = 0; v < TILE_VECTORS; v++, kept += BF16_LANES) {
            __m512i rows = (__m512i)_mm512_cvtne2ps_pbh(e[r + 1][v], e[r][v]);
            _mm512_store_si512(kept, _mm512_permutexvar_epi16(order, rows));
        }
}

INLINE void add_tile(struct bf16_sweep *sweep, int64_t item, int row, int64_t first, int place, int64_t pairs)
{
    uint16_t *powers = (uint16_t *)sweep->own + row * PANEL_STRIDE;
    tile y;
    item += row;
    multiply(y, sweep->standing + item / BLOCK * BLOCK * pairs + row, sweep->across + (first + place) * pairs, pairs);
    shift(y, sweep->bias + place, sweep->shifts + item);
    if (__builtin_expect(passes(y, sweep->limit), 0))
        follow_maxima(sweep, y, item, powers, place, first + place);
    UNROLL for (int r = 0; r < TILE_ROWS; r++)
        exponentiate(y[r], sweep->sums + (item + r) * BF16_LANES, powers + r * PANEL_STRIDE + place);
    if (sweep->kept)
        keep(y, bf16_kept(sweep->kept, sweep->kept_pairs, first + place, item));
}

/* Pairs of powers: of one item with two of those that are summed over. Steps are in words of such pairs. */
struct pairs {
    const uint32_t *words;
    int64_t item_step, pair_step;
};

/* sums += the powers of SUMS / vectors items . up to 16 pairs that are summed over, at 16 * vectors places */
INLINE void gather_piece(__m512 *sums, struct pairs powers, const uint32_t *along, int vectors,
                         int64_t pairs)
{
    for (int64_t j = 0; j < pairs; j++) {
        __m512bh x[SUMS];
        UNROLL for (int v = 0; v < vectors; v++)
            x[v] = pairs_at(along + v * 256 + j * BF16_LANES);
        UNROLL for (int r = 0; r < SUMS / vectors; r++) {
            __m512bh e = pair_everywhere(powers.words + r * powers.item_step + j * powers.pair_step);
            UNROLL for (int v = 0; v < vectors; v++)
                sums[r * vectors + v] = _mm512_dpbf16_ps(sums[r * vectors + v], e, x[v]);
        }
    }
}

INLINE void gather(float *out, struct pairs powers, const uint32_t *along, int vectors, int64_t width, int64_t count)
{
    __m512 sums[SUMS];
    UNROLL for (int i = 0; i < SUMS; i++)
        sums[i] = _mm512_loadu_ps(out + i / vectors * width + i % vectors * BF16_LANES);
    for (int64_t m = 0; m < count; m += 32, powers.words += 16 * powers.pair_step)
        gather_piece(sums, powers, along + m / 2 * width, vectors, count - m < 32 ? (count - m + 1) / 2 : 16);
    UNROLL for (int i = 0; i < SUMS; i++)
        _mm512_storeu_ps(out + i / vectors * width + i % vectors * BF16_LANES, sums[i]);
}

INLINE void gather_places(float *out, struct pairs powers, const uint32_t *along, int vectors, int64_t width,
                          int64_t count, int items)
{
    for (int item = 0; item < items; item += SUMS / vectors, powers.words += SUMS / vectors * powers.item_step)
        gather(out + item * width, powers, along, vectors, width, count);
}

/* out of these items += their powers . `count` others, which lie in the along form */
INLINE void gather_all(float *out, struct pairs powers, const uint32_t *along, int64_t width, int64_t count, int items)
{
    int64_t place = 0;
    for (; place + 64 <= width; place += 64)
        gather_places(out + place, powers, along + place * 16, 4, width, count, items);
    if (place + 32 <= width)
        gather_places(out + place, powers, along + place * 16, 2, width, count, items);
    else if (place < width)
        gather_places(out + place, powers, along + place * 16, 1, width, count, items);
}

INLINE void add_panel_of_width(struct bf16_sweep *sweep, int64_t first, int count, int64_t pairs)
{
    for (int64_t item = 0; item < sweep->standing_items; item += BLOCK) {
        for (int place = 0; place < count; place += TILE_COLUMNS)
            for (int row = 0; row < BLOCK; row += TILE_ROWS)
                add_tile(sweep, item, row, first, place, pairs);
        if (sweep->out) {
            struct pairs powers = {sweep->own, PANEL_STRIDE / 2, 1};
            gather_all(sweep->out + item * sweep->width, powers,
                       sweep->along + bf16_along_word(first, 0, sweep->width), sweep->width, count, BLOCK);
        }
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

static int fits(int64_t width) { return bf16_padded_width(width) == width; }

BF16_FUNCTIONS(core)

/* The last columns, fewer than kept ones, by way of sums of their own: there is no gradient behind them. */
TARGET static void add_last_columns(float *gradient, struct pairs powers, const struct lce_task *task, int64_t rows,
                                    int64_t columns, float *sums)
{
    memset(sums, 0, sizeof(float) * (size_t)(LCE_KEPT_COLUMNS * task->width));
    gather_all(sums, powers, task->kept_hidden, task->width, rows, LCE_KEPT_COLUMNS);
    for (int64_t i = 0; i < columns * task->width; i++)
        gradient[i] += sums[i];
}

TARGET static void add_columns(const struct lce_task *task, int64_t chunk, int64_t first, int64_t last, void *scratch)
{
    int64_t rows = task->rows - chunk < task->kept_rows ? task->rows - chunk : task->kept_rows;
    for (; first < last; first += LCE_KEPT_COLUMNS) {
        float *gradient = task->weight_gradient + first * task->width;
        struct pairs powers = {bf16_kept(task->kept_powers, task->kept_rows / 2, first, 0), 1, LCE_KEPT_COLUMNS};
        if (last - first < LCE_KEPT_COLUMNS)
            add_last_columns(gradient, powers, task, rows, last - first, scratch);
        else
            gather_all(gradient, powers, task->kept_hidden, task->width, rows, LCE_KEPT_COLUMNS);
    }
}

const struct lce_path lce_avx512_bf16 = {
    .name = "avx512bf16-bf16",
    .supported = supported,
    .row_block = BLOCK,
    .column_block = BLOCK,
    BF16_FIELDS,
    .add_columns = add_columns,
    .power_bytes = sizeof(uint16_t),
    .fits = fits,
};
#endif
