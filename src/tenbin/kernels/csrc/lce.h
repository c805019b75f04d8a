/* Fused linear + cross-entropy: what the driver and the cores ("paths") for several processors agree on.

   Rows h_i of `hidden`, rows w_v of `weight`, targets t_i; logits z_iv = h_i . w_v, in nats. Two sweeps, both over
   tiles of logits that never leave the cache:

       sum_rows     l_i = log2 sum_v 2^(z_iv log2 e)   and   sum_v p_iv w_v
       sum_columns  sum_i p_iv h_i                     with  p_iv = 2^(z_iv log2 e - l_i), made anew

   Where it pays (keep.c says where) sum_rows keeps its powers for a chunk of rows in cache, and the gradient of weight
   is summed from them chunk by chunk: three products of rows and columns in place of four, and half the exponentials.

       add_columns  sum_i e_iv (h_i / sum_v e_iv)

   All exponentials are powers of two, so sums of a row are kept as logarithms to base 2. Each row is summed by one
   thread and each column by one thread, in a fixed order: threads and ranges change no bit. */
#ifndef TENBIN_LCE_H
#define TENBIN_LCE_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"

#define LCE_LOG2_E 1.44269504088896340736
#define LCE_LN_2 0.693147180559945309417

/* 2^+-58, sums of 2^30 such terms, and the share of one row in many such sums are ordinary float32 numbers: no shift by
   the row maximum is needed. */
#define LCE_SAFE_LOGIT 40.0
/* A logit beyond this may overflow in float32: its row's loss is NaN. */
#define LCE_LARGEST_LOGIT 1e37
/* Columns whose kept powers lie together. */
#define LCE_KEPT_COLUMNS 64
/* Kept rows of hidden, of which a path's layout may want whole groups. */
#define LCE_KEPT_ROWS 32

/* One call. Gradients are NULL where only losses are asked for. */
struct lce_task {
    int64_t rows, width, vocabulary;
    const float *hidden, *weight; /* [rows, width], [vocabulary, width], each row behind the other */
    const int64_t *targets;       /* [rows], < vocabulary; negative: the row is ignored */
    float *hidden_gradient;       /* [rows, width] */
    float *weight_gradient;       /* [vocabulary, width] */
    float *losses;                /* [rows] nats; the driver's, no path touches it */
    float *log_sums;              /* [rows rounded up to the path's row_block] base 2; before sum_columns the driver
                                     sets those of ignored rows, and of padding rows, to +infinity, so that p is 0 */
    float scale;                  /* 1 / counted rows */
    int bounded;                  /* no |logit| passes LCE_SAFE_LOGIT: no maximum is needed */
    void *packed_hidden, *packed_weight; /* the path's own layouts; 64-byte aligned, zero before packing; NULL if the
                                            path asks for no bytes */
    int64_t kept_rows;  /* rows of a chunk, a multiple of row_block, if their powers are kept for add_columns; else 0 */
    void *kept_powers;  /* power_bytes each, kept_rows * vocabulary rounded up to LCE_KEPT_COLUMNS, as the path likes */
    void *kept_hidden;  /* the same, kept_rows rounded up to LCE_KEPT_ROWS * width: rows of hidden times scale / sum of
                           their powers; 0 for ignored rows */
};

/* A core for one kind of processor. Ranges [first, last) begin at multiples of the block and end at one or at the last
   row or column. Inputs handed to a path are finite, but for rows whose results the driver throws away. */
struct lce_path {
    const char *name;             /* such as "avx512-fp32" */
    int rounds_to_bf16;           /* logits are products of values rounded to bf16: the driver then makes those of the
                                     targets, and the targets' part of the gradients, of rounded values too */
    int (*supported)(void);       /* by this processor and operating system, in this process */
    int64_t row_block, column_block;
    size_t (*scratch_bytes)(int64_t width); /* per thread; 64-byte aligned, NOT zeroed */
    /* These four are NULL in a path that reads hidden and weight as they are. */
    size_t (*packed_hidden_bytes)(int64_t rows, int64_t width);
    size_t (*packed_weight_bytes)(int64_t vocabulary, int64_t width);
    void (*pack_hidden)(const struct lce_task *, int64_t first, int64_t last);
    void (*pack_weight)(const struct lce_task *, int64_t first, int64_t last);
    /* log_sums of these rows and, unless hidden_gradient is NULL, hidden_gradient_i = sum_v p_iv w_v (not scaled).
       Memory behind the last row of hidden_gradient, and behind the rounded-up log_sums, is not to be touched. */
    void (*sum_rows)(const struct lce_task *, int64_t first, int64_t last, void *scratch);
    /* weight_gradient_v = scale * sum_i p_iv h_i */
    void (*sum_columns)(const struct lce_task *, int64_t first, int64_t last, void *scratch);
    /* weight_gradient_v += scale * sum_i p_iv h_i over the chunk of rows that begins with this one, from what sum_rows
       has kept of it; columns [first, last) from a multiple of LCE_KEPT_COLUMNS. NULL in a path that keeps nothing. */
    void (*add_columns)(const struct lce_task *, int64_t chunk, int64_t first, int64_t last, void *scratch);
    int64_t power_bytes;        /* of a kept value */
    int (*fits)(int64_t width); /* whether gradients can be summed in place, in whole vectors */
};

/* One file each. A path that this compiler or target can't build is absent: see paths.c. */
extern const struct lce_path lce_avx512_fp32, lce_avx2_fp32, lce_portable_fp32;
extern const struct lce_path lce_amx_bf16, lce_avx512_bf16, lce_portable_bf16;

/* Best first within either numerics; NULL at the end. */
extern const struct lce_path *const lce_paths[];
/* The best supported path that computes in fp32: what lce_portable_bf16 hands its rounded values to. */
const struct lce_path *lce_best_fp32(void);

/* Value rounded to the nearest bf16, ties to even; finite stays finite or becomes infinite as IEEE 754 has it. */
static inline float lce_round_to_bf16(float value)
{
    union { float value; uint32_t bits; } word = {value};
    word.bits = (word.bits + 0x7fffu + ((word.bits >> 16) & 1u)) & 0xffff0000u;
    return word.value;
}

/* What Python calls, in driver.c and paths.c. */
/* Name of the path of this number, NULL behind the last. */
EXPORT const char *lce_path_name(int path);
EXPORT int lce_path_supported(int path);

/* Losses and, unless NULL, both gradients of the mean; `mean` [1] in nats over the rows that are not ignored.
   At least one row counts. Returns 0, or ENOMEM if memory is not to be had. Rows or weights that are not finite make
   their rows' losses, the mean and all gradients NaN. */
EXPORT int lce_run(int path, int threads, int64_t rows, int64_t width, int64_t vocabulary, const float *hidden,
                       const float *weight, const int64_t *targets, float *losses, float *hidden_gradient,
                       float *weight_gradient, double *mean);

#endif
