/* What a call does, whichever path computes its sums:

       measure  norms of all rows: they tell whether logits need a shift, and whether all inputs are finite
       pack     into the path's own layouts
       rows     log-sums, losses and the gradient of hidden
       columns  the gradient of weight

   The last two are done for one chunk of rows after the other where the path keeps powers, else for all rows. */
#include <math.h>

#include "call.h"

/* Outside these, sums of e * w may leave float32 where logits do not. */
#define SMALLEST_PLAIN_NORM 1e-6f
#define LARGEST_PLAIN_NORM 1e6f
#define PREPARATIONS 5 /* steps before the first sweep */

static int64_t chunk_end(const struct call *call, int64_t chunk)
{
    return chunk + call->chunk_rows < call->task.rows ? chunk + call->chunk_rows : call->task.rows;
}

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

static void measure_hidden(struct call *call, const struct share *share)
{
    for (int64_t row = share->first; row < share->last; row++)
        call->hidden_norms[row] = norm(call->task.hidden + row * call->task.width, call->task.width);
}

static void measure_weight(struct call *call, const struct share *share)
{
    for (int64_t word = share->first; word < share->last; word++)
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
static void judge(struct call *call, const struct share *share)
{
    (void)share;
    double largest_hidden = largest(call->hidden_norms, call->task.rows);
    float weight = call->largest_weight = largest(call->weight_norms, call->task.vocabulary);
    call->task.bounded =
        largest_hidden * weight <= LCE_SAFE_LOGIT && SMALLEST_PLAIN_NORM <= weight && weight <= LARGEST_PLAIN_NORM;
    for (int64_t row = 0; row < call->task.rows; row++)
        call->any_lost |= is_lost(call, row);
}

static void pack_hidden(struct call *call, const struct share *share)
{
    call->path->pack_hidden(&call->task, share->first, share->last);
}

static void pack_weight(struct call *call, const struct share *share)
{
    call->path->pack_weight(&call->task, share->first, share->last);
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

/* Rows that don't count leave the softmax of the columns, as those do that only fill the last block. */
static void finish_log_sums(const struct call *call, int64_t first, int64_t last)
{
    const struct lce_task *task = &call->task;
    for (int64_t row = first; row < last; row++)
        if (task->targets[row] < 0)
            task->log_sums[row] = INFINITY;
    if (last == task->rows)
        fill(task->log_sums + last, round_up(last, call->path->row_block) - last, INFINITY);
}

static void sum_rows(struct call *call, const struct share *share)
{
    call->path->sum_rows(&call->task, share->first, share->last, share->scratch);
    for (int64_t row = share->first; row < share->last; row++) {
        call->task.losses[row] = loss(call, row);
        if (call->task.hidden_gradient)
            finish_hidden_gradient(call, row);
    }
    finish_log_sums(call, share->first, share->last);
}

/* Every thread looks through all targets for its own columns: cheap beside its logits, and in a fixed order. */
static void subtract_targets(const struct call *call, const struct share *share)
{
    const struct lce_task *task = &call->task;
    int64_t end = chunk_end(call, share->chunk);
    for (int64_t row = share->chunk; row < end; row++) {
        if (task->targets[row] < share->first || task->targets[row] >= share->last)
            continue;
        float *gradient = task->weight_gradient + task->targets[row] * task->width;
        const float *hidden = task->hidden + row * task->width;
        for (int64_t d = 0; d < task->width; d++)
            gradient[d] -= seen_by(call->path, hidden[d]) * task->scale;
    }
}

static void sum_columns(struct call *call, const struct share *share)
{
    const struct lce_task *task = &call->task;
    float *gradient = task->weight_gradient + share->first * task->width;
    int64_t count = (share->last - share->first) * task->width;
    if (call->any_lost) {
        fill(gradient, count, NAN);
        return;
    }
    if (task->kept_rows && share->chunk == 0)
        fill(gradient, count, 0.0f);
    if (task->kept_rows)
        call->path->add_columns(task, share->chunk, share->first, share->last, share->scratch);
    else
        call->path->sum_columns(task, share->first, share->last, share->scratch);
    subtract_targets(call, share);
}

static struct step prepare(const struct call *call, int64_t number)
{
    const struct lce_task *task = &call->task;
    int64_t row_block = call->path->row_block, column_block = call->path->column_block;
    const struct step steps[PREPARATIONS] = {
        {measure_hidden, 0, task->rows, 1, 0},
        {measure_weight, 0, task->vocabulary, 1, 0},
        {judge, 0, 1, 1, 0},
        {pack_hidden, 0, task->packed_hidden ? task->rows : 0, row_block, 0},
        {pack_weight, 0, task->packed_weight ? task->vocabulary : 0, column_block, 0},
    };
    return steps[number];
}

int64_t count_steps(const struct call *call)
{
    return PREPARATIONS + 2 * ((call->task.rows + call->chunk_rows - 1) / call->chunk_rows);
}

/* Every share of rows reads all of weight: of a chunk that is kept each thread takes but one. */
static int64_t block_of_rows(const struct call *call)
{
    int64_t block = call->path->row_block, threads = call->threads;
    return call->task.kept_rows ? round_up((call->chunk_rows + threads - 1) / threads, block) : block;
}

struct step choose_step(const struct call *call, int64_t number)
{
    const struct lce_task *task = &call->task;
    if (number < PREPARATIONS)
        return prepare(call, number);
    int64_t chunk = (number - PREPARATIONS) / 2 * call->chunk_rows;
    if ((number - PREPARATIONS) % 2 == 0)
        return (struct step){sum_rows, chunk, chunk_end(call, chunk), block_of_rows(call), chunk};
    int64_t block = task->kept_rows ? LCE_KEPT_COLUMNS : call->path->column_block;
    return (struct step){sum_columns, 0, task->weight_gradient ? task->vocabulary : 0, block, chunk};
}
