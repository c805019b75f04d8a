/* The part of a bf16 sweep that is not worth a processor's own instructions: see bf16_sweep.h. */
#include <math.h>
#include <string.h>

#include "bf16_sweep.h"

#define LARGEST_RISE 40.0f /* 2^40 times 2^30 terms is an ordinary float32 number */

static float value(uint32_t high_half)
{
    union { uint32_t bits; float value; } word = {high_half << 16};
    return word.value;
}

static size_t out_bytes(int64_t width) { return BF16_CHUNK * (size_t)bf16_padded_width(width) * sizeof(float); }

size_t bf16_scratch_bytes(const struct bf16_core *core, int64_t width)
{
    size_t fixed = sizeof(float) * (BF16_PANEL + BF16_CHUNK * (1 + BF16_LANES));
    return fixed + out_bytes(width) + core->own_bytes(bf16_padded_width(width));
}

static struct bf16_sweep begin(int64_t width, int with_out, void *scratch)
{
    struct bf16_sweep sweep = {.width = bf16_padded_width(width), .limit = LARGEST_RISE, .bias = scratch};
    sweep.shifts = sweep.bias + BF16_PANEL;
    sweep.sums = sweep.shifts + BF16_CHUNK;
    sweep.out = sweep.sums + BF16_CHUNK * BF16_LANES;
    sweep.own = (char *)sweep.out + out_bytes(width);
    if (!with_out)
        sweep.out = NULL;
    return sweep;
}

static void stand(struct bf16_sweep *sweep, const struct bf16_core *core, const uint32_t *across, int64_t first,
                  int64_t last)
{
    sweep->standing = across + first * sweep->width / 2;
    sweep->standing_items = bf16_round_up(last - first, core->block);
    memset(sweep->shifts, 0, sizeof(float) * BF16_CHUNK);
    memset(sweep->sums, 0, sizeof(float) * BF16_CHUNK * BF16_LANES);
    if (sweep->out)
        memset(sweep->out, 0, sizeof(float) * sweep->standing_items * sweep->width);
    if (core->begin)
        core->begin(sweep);
}

static float first_logit(const uint32_t *row, const uint32_t *column, int64_t pairs)
{
    float sum = 0;
    for (int64_t k = 0; k < pairs * BF16_LANES; k += BF16_LANES)
        sum += value(row[k]) * value(column[k]) + value(row[k] >> 16) * value(column[k] >> 16);
    return sum;
}

static void start_shifts(struct bf16_sweep *sweep)
{
    int64_t pairs = sweep->width / 2;
    for (int64_t i = 0; i < sweep->standing_items; i++) {
        const uint32_t *row = sweep->standing + i / BF16_LANES * BF16_LANES * pairs + i % BF16_LANES;
        sweep->shifts[i] = (float)LCE_LOG2_E * first_logit(row, sweep->across, pairs);
    }
}

static void bias_columns(float *bias, int64_t first, int count, int64_t vocabulary)
{
    for (int m = 0; m < count; m++)
        bias[m] = first + m < vocabulary ? 0 : -INFINITY;
}

static void bias_rows(float *bias, int64_t first, int count, const struct lce_task *task)
{
    for (int m = 0; m < count; m++)
        bias[m] = first + m < task->rows ? -task->log_sums[first + m] : -INFINITY;
}

static int panel_items(int64_t first, int64_t items)
{
    int64_t left = bf16_padded_items(items) - first;
    return left < BF16_PANEL ? (int)left : BF16_PANEL;
}

static float total(const float *lanes)
{
    float sum = 0;
    for (int lane = 0; lane < BF16_LANES; lane++)
        sum += lanes[lane];
    return sum;
}

static void scale_into(float *restrict result, const float *restrict sums, int64_t width, float scale)
{
    for (int64_t place = 0; place < width; place++)
        result[place] = scale * sums[place];
}

/* A row of the along form of kept hidden rows; zeros behind the last row, which pairs with it. */
static void keep_hidden(const struct lce_task *task, int64_t row, float sum)
{
    float share = row < task->rows && task->targets[row] >= 0 ? task->scale / sum : 0;
    const float *hidden = task->hidden + (row < task->rows ? row * task->width : 0);
    uint16_t *halves = (uint16_t *)((uint32_t *)task->kept_hidden
                                    + bf16_along_word(row % task->kept_rows, 0, task->width)) + row % 2;
    for (int64_t place = 0; place < task->width; place++) {
        union { float value; uint32_t bits; } word = {lce_round_to_bf16(hidden[place] * share)};
        halves[place / BF16_LANES * 512 + place % BF16_LANES * 2] = word.bits >> 16;
    }
}

static void finish_rows(const struct bf16_sweep *sweep, const struct lce_task *task, int64_t first, int64_t last)
{
    for (int64_t i = first; sweep->kept && i < first + sweep->standing_items; i++)
        keep_hidden(task, i, total(sweep->sums + (i - first) * BF16_LANES));
    for (int64_t i = first; i < last; i++) {
        float sum = total(sweep->sums + (i - first) * BF16_LANES);
        task->log_sums[i] = sweep->shifts[i - first] + log2f(sum);
        if (!sweep->out)
            continue;
        scale_into(task->hidden_gradient + i * task->width, sweep->out + (i - first) * sweep->width, task->width,
                   1 / sum);
    }
}

static void sum_chunk_of_rows(struct bf16_sweep *sweep, const struct bf16_core *core, const struct lce_task *task,
                              int64_t first, int64_t last)
{
    stand(sweep, core, bf16_across(task->packed_hidden), first, last);
    if (task->kept_rows)
        sweep->kept = bf16_kept(task->kept_powers, sweep->kept_pairs, 0, first % task->kept_rows);
    if (task->bounded)
        sweep->limit = INFINITY;
    else
        start_shifts(sweep);
    for (int64_t column = 0; column < task->vocabulary; column += BF16_PANEL) {
        int count = panel_items(column, task->vocabulary);
        bias_columns(sweep->bias, column, count, task->vocabulary);
        sweep->biased = column + count > task->vocabulary;
        core->add_panel(sweep, column, count);
    }
    if (core->end)
        core->end(sweep);
    finish_rows(sweep, task, first, last);
}

void bf16_sum_rows(const struct bf16_core *core, const struct lce_task *task, int64_t first, int64_t last,
                   void *scratch)
{
    struct bf16_sweep sweep = begin(task->width, task->hidden_gradient != NULL, scratch);
    sweep.across = bf16_across(task->packed_weight);
    sweep.along = bf16_along(task->packed_weight, task->vocabulary, task->width);
    sweep.kept_pairs = task->kept_rows / 2;
    for (; first < last; first += BF16_CHUNK)
        sum_chunk_of_rows(&sweep, core, task, first, last - first < BF16_CHUNK ? last : first + BF16_CHUNK);
}

static void sum_chunk_of_columns(struct bf16_sweep *sweep, const struct bf16_core *core, const struct lce_task *task,
                                 int64_t first, int64_t last)
{
    stand(sweep, core, bf16_across(task->packed_weight), first, last);
    for (int64_t row = 0; row < task->rows; row += BF16_PANEL) {
        int count = panel_items(row, task->rows);
        bias_rows(sweep->bias, row, count, task);
        core->add_panel(sweep, row, count);
    }
    if (core->end)
        core->end(sweep);
    for (int64_t v = first; v < last; v++)
        scale_into(task->weight_gradient + v * task->width, sweep->out + (v - first) * sweep->width, task->width,
                   task->scale);
}

void bf16_sum_columns(const struct bf16_core *core, const struct lce_task *task, int64_t first, int64_t last,
                      void *scratch)
{
    struct bf16_sweep sweep = begin(task->width, 1, scratch);
    sweep.limit = INFINITY; /* p is at most 1 */
    sweep.biased = 1;
    sweep.across = bf16_across(task->packed_hidden);
    sweep.along = bf16_along(task->packed_hidden, task->rows, task->width);
    for (; first < last; first += BF16_CHUNK)
        sum_chunk_of_columns(&sweep, core, task, first, last - first < BF16_CHUNK ? last : first + BF16_CHUNK);
}

static void scale(float *values, int64_t count, float factor)
{
    for (int64_t i = 0; i < count; i++)
        values[i] *= factor;
}

static void scale_powers(uint16_t *powers, int count, int stride, float factor)
{
    for (int m = 0; m < count * stride; m += stride) {
        union { float value; uint32_t bits; } word = {lce_round_to_bf16(value(powers[m]) * factor)};
        powers[m] = word.bits >> 16;
    }
}

void bf16_raise_shift(struct bf16_sweep *sweep, int64_t item, float rise, uint16_t *powers, int pieces, int64_t stride)
{
    float factor = exp2f(-rise);
    sweep->shifts[item] += rise;
    scale(sweep->sums + item * BF16_LANES, BF16_LANES, factor);
    if (!sweep->out)
        return;
    scale(sweep->out + item * sweep->width, sweep->width, factor);
    for (int piece = 0; piece < pieces; piece++)
        scale_powers(powers + piece * stride, 32, 1, factor);
}

void bf16_scale_kept(const struct bf16_sweep *sweep, int64_t item, int64_t columns, float rise)
{
    for (int64_t column = 0; column < columns; column += LCE_KEPT_COLUMNS) {
        uint16_t *powers = (uint16_t *)bf16_kept(sweep->kept, sweep->kept_pairs, column, item) + item % 2;
        scale_powers(powers, LCE_KEPT_COLUMNS, 2, exp2f(-rise));
    }
}
