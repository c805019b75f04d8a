/* Layouts that both bf16 cores read: what dot products of pairs (vdpbf16ps, tdpbf16ps) want side by side.

   A word holds two bf16 values, the first in its low half. Widths are padded to 16 or to a multiple of 32, items (rows
   or columns) to a multiple of 64, all with zeros. For each input there lie, one behind the other,

       across  [items / 16][width / 2][16]        word k of item i: (x_i,2k , x_i,2k+1)   for sums over the width
       along   [items / 32][width / 16][16][16]   word d of pair j: (x_2j,d , x_2j+1,d)   for sums over the items

   Rows and columns thus have the same form, and one sweep serves both gradients with their parts exchanged. */
#ifndef TENBIN_BF16_PACK_H
#define TENBIN_BF16_PACK_H

#include "lce.h"

#define BF16_LANES 16
#define BF16_ITEM_BLOCK 64

static inline int64_t bf16_round_up(int64_t count, int64_t block) { return (count + block - 1) / block * block; }

static inline int64_t bf16_padded_width(int64_t width) { return width <= 16 ? 16 : bf16_round_up(width, 32); }

static inline int64_t bf16_padded_items(int64_t items) { return bf16_round_up(items, BF16_ITEM_BLOCK); }

/* Words of either form. */
static inline int64_t bf16_words(int64_t items, int64_t width)
{
    return bf16_padded_items(items) * bf16_padded_width(width) / 2;
}

static inline const uint32_t *bf16_across(const void *packed) { return packed; }

static inline const uint32_t *bf16_along(const void *packed, int64_t items, int64_t width)
{
    return (const uint32_t *)packed + bf16_words(items, width);
}

/* The word of a pair, given by its first item, and of a place that is a multiple of 16. The next pair's lies 16 words
   on, if it is in the same 32 items. */
static inline int64_t bf16_along_word(int64_t item, int64_t place, int64_t padded_width)
{
    return item / 32 * 16 * padded_width + place * 16 + item % 32 / 2 * 16;
}

/* For struct lce_path. */
size_t bf16_packed_bytes(int64_t items, int64_t width);
void bf16_pack_hidden(const struct lce_task *task, int64_t first, int64_t last);
void bf16_pack_weight(const struct lce_task *task, int64_t first, int64_t last);

#endif
