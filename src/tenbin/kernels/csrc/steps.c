/* What a call does, whichever path computes its sums:

       measure  norms of all rows: they tell whether logits need a shift, and whether all inputs are finite
       pack     into the path's own layouts
       rows     log-sums, losses and the gradient of hidden
       columns  the gradient of weight */
#include <math.h>
#include <string.h>

#include "call.h"

/* Outside these, sums of e * w may leave float32 where logits do not. */
#define SMALLEST_PLAIN_NORM 1e-6f
#define LARGEST_PLAIN_NORM 1e6f

/* Norm of a row; infinity if it holds a NaN or an infinity. In float64 squares of finite floats never overflow. */
static float norm(const float *row, int64_t width)
{
    double sums[8] = {0};
    int64_t d = 0;
    for (; d + 8 <= width; d += 8)
        for (int i = 0; i < 8; i++)
            sums[i] += (double)row[d + i] * row[d + i];
    for (; d < width; d++)
        sums[0] += (double)row[d] * row[d];
    double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    return isfinite(sum) ? (float)sqrt(sum) : INFINITY;
}

static void measure_hidden(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)scratch;
    for (int64_t row = first; row < last; row++)
        call->hidden_norms[row] = norm(call->task.hidden + row * call->task.width, call->task.width);
}

static void measure_weight(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)scratch;
    for (int64_t word = first; word < last; word++)
        call->weight_norms[word] = norm(call->task.weight + word * call->task.width, call->task.width);
}

static float largest(const float *values, int64_t count)
{
    float found = 0.0f;
    for (int64_t i = 0; i < count; i++)
        found = values[i] > found ? values[i] : found;
    return found;
}

/* Not finite, or a logit may not be: 0 * infinity is a NaN, which is not below anything. */
static int is_lost(const struct call *call, int64_t row)
{
    return !((double)call->hidden_norms[row] * call->largest_weight < LCE_LARGEST_LOGIT);
}

/* What norms say of the whole: by Cauchy and Schwarz no logit is larger than their product. */
static void judge(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)first, (void)last, (void)scratch;
    double largest_hidden = largest(call->hidden_norms, call->task.rows);
    float weight = call->largest_weight = largest(call->weight_norms, call->task.vocabulary);
    call->task.bounded =
        largest_hidden * weight <= LCE_SAFE_LOGIT && SMALLEST_PLAIN_NORM <= weight && weight <= LARGEST_PLAIN_NORM;
    for (int64_t row = 0; row < call->task.rows; row++)
        call->any_lost |= is_lost(call, row);
}

static void pack_hidden(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)scratch;
    call->path->pack_hidden(&call->task, first, last);
}

static void pack_weight(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)scratch;
    call->path->pack_weight(&call->task, first, last);
}

static float seen_by(const struct lce_path *path, float value)
{
    return path->rounds_to_bf16 ? lce_round_to_bf16(value) : value;
}

static double target_logit(const struct call *call, int64_t row)
{
    const struct lce_task *task = &call->task;
    const float *hidden = task->hidden + row * task->width, *weight = task->weight + task->targets[row] * task->width;
    double sum = 0.0;
    for (int64_t d = 0; d < task->width; d++)
        sum += (double)seen_by(call->path, hidden[d]) * seen_by(call->path, weight[d]);
    return sum;
}

static float loss(const struct call *call, int64_t row)
{
    if (call->task.targets[row] < 0)
        return 0.0f;
    return is_lost(call, row) ? NAN : (float)(call->task.log_sums[row] * LCE_LN_2 - target_logit(call, row));
}

static void fill(float *values, int64_t count, float value)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = value;
}

static void finish_hidden_gradient(const struct call *call, int64_t row)
{
    const struct lce_task *task = &call->task;
    float *gradient = task->hidden_gradient + row * task->width;
    if (call->any_lost || task->targets[row] < 0) {
        fill(gradient, task->width, call->any_lost ? NAN : 0.0f);
        return;
    }
    const float *weight = task->weight + task->targets[row] * task->width;
    for (int64_t d = 0; d < task->width; d++)
        gradient[d] = (gradient[d] - seen_by(call->path, weight[d])) * task->scale;
}

static void sum_rows(struct call *call, int64_t first, int64_t last, void *scratch)
{
    call->path->sum_rows(&call->task, first, last, scratch);
    for (int64_t row = first; row < last; row++) {
        call->task.losses[row] = loss(call, row);
        if (call->task.hidden_gradient)
            finish_hidden_gradient(call, row);
    }
}

/* The mean loss; and rows that don't count leave the softmax of the columns. */
static void average(struct call *call, int64_t first, int64_t last, void *scratch)
{
    (void)first, (void)last, (void)scratch;
    const struct lce_task *task = &call->task;
    double sum = 0.0;
    for (int64_t row = 0; row < task->rows; row++) {
        sum += task->losses[row];
        if (task->targets[row] < 0)
            task->log_sums[row] = INFINITY;
    }
    int64_t padded = round_up(task->rows, call->path->row_block);
    fill(task->log_sums + task->rows, padded - task->rows, INFINITY);
    call->mean = sum / (double)call->counted;
}

/* Every thread looks through all targets for its own columns: cheap beside its logits, and in a fixed order. */
static void subtract_targets(const struct call *call, int64_t first, int64_t last)
{
    const struct lce_task *task = &call->task;
    for (int64_t row = 0; row < task->rows; row++) {
        if (task->targets[row] < first || task->targets[row] >= last)
            continue;
        float *gradient = task->weight_gradient + task->targets[row] * task->width;
        const float *hidden = task->hidden + row * task->width;
        for (int64_t d = 0; d < task->width; d++)
            gradient[d] -= seen_by(call->path, hidden[d]) * task->scale;
    }
}

static void sum_columns(struct call *call, int64_t first, int64_t last, void *scratch)
{
    const struct lce_task *task = &call->task;
    if (call->any_lost) {
        fill(task->weight_gradient + first * task->width, (last - first) * task->width, NAN);
        return;
    }
    call->path->sum_columns(task, first, last, scratch);
    subtract_targets(call, first, last);
}

void list_steps(const struct call *call, struct step steps[STEPS])
{
    const struct lce_task *task = &call->task;
    int64_t row_block = call->path->row_block, column_block = call->path->column_block;
    const struct step all[STEPS] = {
        {measure_hidden, task->rows, 1},
        {measure_weight, task->vocabulary, 1},
        {judge, 1, 1},
        {pack_hidden, task->packed_hidden ? task->rows : 0, row_block},
        {pack_weight, task->packed_weight ? task->vocabulary : 0, column_block},
        {sum_rows, task->rows, row_block},
        {average, 1, 1},
        {sum_columns, task->weight_gradient ? task->vocabulary : 0, column_block},
    };
    memcpy(steps, all, sizeof all);
}
