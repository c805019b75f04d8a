/* bf16 on any processor: the best fp32 path on values rounded to bf16. No faster than fp32; it exists so that a study's
   numerics are what its config says wherever it runs. */
#include "lce.h"

/* A multiple of the blocks of all fp32 paths. */
#define BLOCK 48

static int always(void)
{
    return 1;
}

static size_t packed_bytes(int64_t items, int64_t width)
{
    return (size_t)(items * width) * sizeof(float);
}

static size_t scratch_bytes(int64_t width)
{
    return lce_best_fp32()->scratch_bytes(width);
}

static int fits(int64_t width)
{
    return lce_best_fp32()->fits(width);
}

static void round_items(float *restrict rounded, const float *restrict values, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++)
        rounded[i] = lce_round_to_bf16(values[i]);
}

static void pack_hidden(const struct lce_task *task, int64_t first, int64_t last)
{
    round_items(task->packed_hidden, task->hidden, first * task->width, last * task->width);
}

static void pack_weight(const struct lce_task *task, int64_t first, int64_t last)
{
    round_items(task->packed_weight, task->weight, first * task->width, last * task->width);
}

static struct lce_task of_rounded_values(const struct lce_task *task)
{
    struct lce_task rounded = *task;
    rounded.hidden = task->packed_hidden;
    rounded.weight = task->packed_weight;
    return rounded;
}

static void sum_rows(const struct lce_task *task, int64_t first, int64_t last, void *scratch)
{
    struct lce_task rounded = of_rounded_values(task);
    lce_best_fp32()->sum_rows(&rounded, first, last, scratch);
}

static void sum_columns(const struct lce_task *task, int64_t first, int64_t last, void *scratch)
{
    struct lce_task rounded = of_rounded_values(task);
    lce_best_fp32()->sum_columns(&rounded, first, last, scratch);
}

static void add_columns(const struct lce_task *task, int64_t chunk, int64_t first, int64_t last, void *scratch)
{
    struct lce_task rounded = of_rounded_values(task);
    lce_best_fp32()->add_columns(&rounded, chunk, first, last, scratch);
}

const struct lce_path lce_portable_bf16 = {
    .name = "portable-bf16",
    .rounds_to_bf16 = 1,
    .supported = always,
    .row_block = BLOCK,
    .column_block = BLOCK,
    .packed_hidden_bytes = packed_bytes,
    .packed_weight_bytes = packed_bytes,
    .scratch_bytes = scratch_bytes,
    .pack_hidden = pack_hidden,
    .pack_weight = pack_weight,
    .sum_rows = sum_rows,
    .sum_columns = sum_columns,
    .add_columns = add_columns,
    .power_bytes = sizeof(float),
    .fits = fits,
};
