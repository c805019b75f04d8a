/* What both bf16 cores have in common: a sweep of `moving` items past `standing` ones, for which sums are made.

   For sum_rows the rows stand and the columns move past; for sum_columns the reverse. All in powers of two:

       y_sm   = z_sm log2 e + bias_m - shift_s
       sum_s += sum_m 2^y_sm                  in float32
       out_s += sum_m 2^y_sm x_m              of powers rounded to bf16, added in float32

   bias_m is 0 in sum_rows, -l_i in sum_columns, -infinity for what does not count. shift_s is 0 in sum_columns and
   where the task is bounded. Else it starts as a logit of the row, so that the sum is at least 1, and rises with the
   maximum: when a y passes `limit`, shift_s grows by it and all sums of s shrink as much, so that none overflows. */
#ifndef TENBIN_BF16_SWEEP_H
#define TENBIN_BF16_SWEEP_H

#include "bf16_pack.h"

#define BF16_PANEL 256 /* moving items whose powers are kept in cache between the two products */
#define BF16_CHUNK 256 /* standing items that share a panel while it is in cache */

struct bf16_sweep {
    int64_t width, standing_items;  /* padded; a multiple of the core's block */
    const uint32_t *standing;       /* across form of this chunk */
    const uint32_t *across, *along; /* of all moving items */
    float limit;                    /* infinity: no y passes it, and no shift is other than 0 */
    int biased;                     /* some bias of this panel is not 0 */
    float *bias;                    /* [BF16_PANEL], of this panel */
    float *shifts, *sums;           /* [BF16_CHUNK], [BF16_CHUNK][16]: lanes of a sum are added up at the end */
    float *out;                     /* [BF16_CHUNK][width]; NULL: losses only */
    uint32_t *kept;                 /* powers of this chunk's first item, see bf16_kept; NULL if none are kept */
    int64_t kept_pairs;             /* pairs of rows whose powers are kept */
    void *own;                      /* the core's, 64-byte aligned */
};

struct bf16_core {
    int64_t block; /* divides BF16_CHUNK */
    size_t (*own_bytes)(int64_t width);
    void (*begin)(struct bf16_sweep *); /* of a chunk; may be NULL */
    /* Moving items [first, first + count); count is a multiple of BF16_ITEM_BLOCK, at most BF16_PANEL. */
    void (*add_panel)(struct bf16_sweep *, int64_t first, int count);
    void (*end)(struct bf16_sweep *); /* may be NULL */
};

/* Kept powers: [vocabulary / 64][kept rows / 2][64], word v of pair i: (e_2i,v , e_2i+1,v). Kept hidden rows, times
   scale / sum of their powers: their along form. */
static inline uint32_t *bf16_kept(uint32_t *kept, int64_t pairs, int64_t column, int64_t row)
{
    return kept + (column / LCE_KEPT_COLUMNS * pairs + row / 2) * LCE_KEPT_COLUMNS;
}

size_t bf16_scratch_bytes(const struct bf16_core *core, int64_t width);
void bf16_sum_rows(const struct bf16_core *core, const struct lce_task *task, int64_t first, int64_t last,
                   void *scratch);
void bf16_sum_columns(const struct bf16_core *core, const struct lce_task *task, int64_t first, int64_t last,
                      void *scratch);

/* What the paths of both cores have in common: functions that name the core, and fields of struct lce_path. */
#define BF16_FUNCTIONS(core) \
    static size_t scratch_bytes(int64_t width) { return bf16_scratch_bytes(&core, width); } \
    static void sum_rows(const struct lce_task *task, int64_t first, int64_t last, void *scratch) \
    { \
        bf16_sum_rows(&core, task, first, last, scratch); \
    } \
    static void sum_columns(const struct lce_task *task, int64_t first, int64_t last, void *scratch) \
    { \
        bf16_sum_columns(&core, task, first, last, scratch); \
    }
#define BF16_FIELDS \
    .rounds_to_bf16 = 1, .packed_hidden_bytes = bf16_packed_bytes, .packed_weight_bytes = bf16_packed_bytes, \
    .scratch_bytes = scratch_bytes, .pack_hidden = bf16_pack_hidden, .pack_weight = bf16_pack_weight, \
    .sum_rows = sum_rows, .sum_columns = sum_columns

/* Raise the shift of a standing item. Its powers that wait in the panel are `pieces` of 32, `stride` values apart. */
void bf16_raise_shift(struct bf16_sweep *sweep, int64_t item, float rise, uint16_t *powers, int pieces, int64_t stride);
/* Shrink the kept powers of a standing item, of the columns before this one, as its shift is raised. */
void bf16_scale_kept(const struct bf16_sweep *sweep, int64_t item, int64_t columns, float rise);

#endif
