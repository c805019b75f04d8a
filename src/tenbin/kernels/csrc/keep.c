/* Where keeping powers pays.

   It saves one of four products and half the exponentials. It costs that powers are written and read, and that for
   every chunk the weights are read and their gradient is read and written once more. So powers should stay in the
   second-level cache or just behind it. A gradient that does not fit there must be met by many rows at a time, and
   pays only at widths where the product saved is large. Measured on one core of Zen 5 with 1 MiB of second-level cache
   and 32 MiB of third: docs/speed.md. */
#include "keep.h"

#include "call.h"

#define USUAL_BYTES (4 << 20) /* of the powers of a chunk */
#define CACHED_GRADIENT_BYTES (8 << 20)
#define LEAST_ROWS 32
/* Where the gradient does not stay in cache. */
#define LONG_BYTES (16 << 20)
#define LEAST_LONG_ROWS 160
#define LEAST_LONG_WIDTH 128

static int64_t bytes_of_row(const struct lce_path *path, const struct lce_task *task)
{
    return round_up(task->vocabulary, LCE_KEPT_COLUMNS) * path->power_bytes;
}

int64_t kept_power_bytes(const struct lce_path *path, const struct lce_task *task)
{
    return task->kept_rows * bytes_of_row(path, task);
}

int64_t kept_hidden_bytes(const struct lce_path *path, const struct lce_task *task)
{
    return round_up(task->kept_rows, LCE_KEPT_ROWS) * task->width * path->power_bytes;
}

/* Chunks of one size, so that none is left with few rows. */
static int64_t divide_rows(int64_t rows, int64_t most, int64_t block)
{
    int64_t chunks = (rows + most - 1) / most;
    return round_up((rows + chunks - 1) / chunks, block);
}

int64_t choose_kept_rows(const struct lce_path *path, const struct lce_task *task)
{
    int is_long = task->vocabulary * task->width * (int64_t)sizeof(float) > CACHED_GRADIENT_BYTES;
    if (!task->weight_gradient || !path->add_columns || !path->fits(task->width)
        || (is_long && task->width < LEAST_LONG_WIDTH))
        return 0;
    int64_t bytes = bytes_of_row(path, task), block = path->row_block;
    int64_t most = (is_long ? LONG_BYTES : USUAL_BYTES) / bytes / block * block;
    return most < (is_long ? LEAST_LONG_ROWS : LEAST_ROWS) ? 0 : divide_rows(task->rows, most, block);
}
