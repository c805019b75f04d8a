/* The fp32 core, in the register tiles of tiles.h: a file that includes it says for which processor.

   Where powers are kept, the column sweep is left out: see fp32_kept.h. Either sweep has its own items (rows in
   sum_rows, columns in sum_columns) in the lanes of vectors and meets all others one block after the other, so that
   sums and maxima of an item never cross lanes:

       logits    z[other][own]     = sum_d others[other][d] * own[d][own]           a tile of registers at a time
       weights   e[other][own]     = 2^(z log2 e - shift)                           in place, in the first-level cache
       products  sums[d][own]     += sum_other others[other][d] * e[other][own]     a tile of registers at a time

   Both sweeps make the same logits from the same operations in the same order, whatever the block or thread.
   Sums are made a block at a time and then added up, which loses far less than one sum over 50,000 words.

   To be defined before: what tiles.h needs, SUPPORTED, PATH and its NAME. */
#include "lce.h"
#include "tiles.h"
#include "fp32_kept.h"

#define GROUP_BYTES (512 << 10) /* of own items that meet a block of others in turn: part of a second-level cache */
#define MOST_PANELS 16
/* A row's shift is raised when a logit (base 2) passes it by this: very seldom, since kept powers are then scaled too,
   and e stays far from overflow. */
#define SLACK 24.0f

/* Own items, a panel's worth. */
struct panel {
    vec *own;   /* [width][VECTORS] */
    vec *sums;  /* [padded width][VECTORS] */
    vec *total; /* [VECTORS] sums of e */
    vec *lost;  /* [VECTORS] what rounding took from total (Kahan) */
    vec *shift; /* [VECTORS] base 2 */
};

/* Scratch memory of a thread. */
struct scratch {
    float *others; /* [BLOCK][padded width] */
    vec *logits;   /* [BLOCK][VECTORS], then e */
    struct panel panels[MOST_PANELS];
};

static size_t panel_bytes(int64_t width)
{
    return (size_t)(width + round_up(width, TILE) + 3) * VECTORS * sizeof(vec);
}

static int64_t group_panels(int64_t width)
{
    int64_t panels = GROUP_BYTES / (int64_t)panel_bytes(width);
    return panels < 1 ? 1 : smaller(panels, MOST_PANELS);
}

static size_t fp32_scratch_bytes(int64_t width)
{
    size_t others = (size_t)round_up(BLOCK * round_up(width, TILE) * 4, 64);
    return others + BLOCK * VECTORS * sizeof(vec) + (size_t)group_panels(width) * panel_bytes(width);
}

TARGET static struct scratch divide_scratch(void *memory, int64_t width)
{
    struct scratch parts;
    int64_t padded = round_up(width, TILE);
    parts.others = memory;
    parts.logits = (vec *)((char *)memory + round_up(BLOCK * padded * 4, 64));
    vec *next = parts.logits + BLOCK * VECTORS;
    for (int64_t i = 0; i < group_panels(width); i++, next += (width + padded + 3) * VECTORS) {
        vec *sums = next + width * VECTORS, *total = sums + padded * VECTORS;
        parts.panels[i] = (struct panel){next, sums, total, total + VECTORS, total + 2 * VECTORS};
    }
    return parts;
}

/* e of a row sweep, in place, and their sums; the shift is the lane's. */
TARGET static void exponentiate_rows(vec *logits, int64_t count, const struct panel *panel)
{
    vec sums[VECTORS], shift[VECTORS];
    for (int j = 0; j < VECTORS; j++) {
        sums[j] = (vec){0};
        shift[j] = panel->shift[j];
    }
    for (int64_t other = 0; other < count; other++, logits += VECTORS)
        for (int j = 0; j < VECTORS; j++) {
            logits[j] = power_of_two(logits[j] * (float)LCE_LOG2_E - shift[j]);
            sums[j] += logits[j];
        }
    for (int j = 0; j < VECTORS; j++) {
        vec total = panel->total[j], term = sums[j] - panel->lost[j], sum = total + term;
        panel->lost[j] = (sum - total) - term;
        panel->total[j] = sum;
    }
}

/* p of a column sweep, in place; the shift is the other's. */
TARGET static void exponentiate_columns(vec *logits, int64_t count, const float *log_sums)
{
    for (int64_t other = 0; other < count; other++, logits += VECTORS)
        for (int j = 0; j < VECTORS; j++)
            logits[j] = power_of_two(logits[j] * (float)LCE_LOG2_E - log_sums[other]);
}

TARGET static void scale_panel(const struct panel *panel, const vec factor[VECTORS], int64_t padded_width)
{
    for (int j = 0; j < VECTORS; j++) {
        panel->total[j] *= factor[j];
        panel->lost[j] *= factor[j];
        for (int64_t d = 0; d < padded_width; d++)
            panel->sums[d * VECTORS + j] *= factor[j];
    }
}

/* Raise the shift of rows that a block's logits pass, and scale down what has been summed with the old one. */
TARGET static int raise_shifts(const vec *logits, int64_t count, const struct panel *panel, vec factor[VECTORS])
{
    vec top[VECTORS];
    for (int j = 0; j < VECTORS; j++)
        top[j] = logits[j];
    for (int64_t other = 1; other < count; other++)
        for (int j = 0; j < VECTORS; j++)
            top[j] = MAXIMUM(top[j], logits[other * VECTORS + j]);
    int raised = 0;
    for (int j = 0; j < VECTORS; j++)
        for (int lane = 0; lane < LANES; lane++) {
            float shift = panel->shift[j][lane], highest = top[j][lane] * (float)LCE_LOG2_E;
            int passed = highest > shift + SLACK;
            factor[j][lane] = passed ? exp2f(shift - highest) : 1.0f;
            panel->shift[j][lane] = passed ? highest : shift;
            raised |= passed;
        }
    return raised;
}

/* Others [first, first + count), padded with zeros to whole tiles where they are not. */
static struct block take_block(const float *others, int64_t first, int64_t count, int64_t width, float *padded)
{
    const float *values = others + first * width;
    int64_t stride = round_up(width, TILE);
    if (stride == width && count % TILE == 0)
        return (struct block){values, width, count};
    memset(padded, 0, (size_t)(round_up(count, TILE) * stride) * 4);
    for (int64_t other = 0; other < count; other++)
        memcpy(padded + other * stride, values + other * width, (size_t)width * 4);
    return (struct block){padded, stride, count};
}

/* Transpose own items into a panel, zeros behind the last, and clear its sums. */
TARGET static void start_panel(const struct panel *panel, const float *own, int64_t items, int64_t width, float shift)
{
    float *out = (float *)panel->own;
    memset(out, 0, items < PANEL ? (size_t)(width * PANEL) * 4 : 0);
    for (int64_t item = 0; item < items; item++)
        for (int64_t d = 0; d < width; d++)
            out[d * PANEL + item] = own[item * width + d];
    memset(panel->sums, 0, (size_t)round_up(width, TILE) * VECTORS * sizeof(vec));
    for (int j = 0; j < VECTORS; j++) {
        panel->total[j] = panel->lost[j] = (vec){0};
        panel->shift[j] = (vec){0} + shift;
    }
}

/* out[item][d] = sums[d][item] * scale[item] */
static void store_sums(float *out, const vec *sums, const float scale[PANEL], int64_t items, int64_t width)
{
    const float *in = (const float *)sums;
    for (int64_t item = 0; item < items; item++)
        for (int64_t d = 0; d < width; d++)
            out[item * width + d] = in[d * PANEL + item] * scale[item];
}

static void finish_rows(const struct lce_task *task, const struct panel *panel, int64_t first, int64_t items)
{
    const float *total = (const float *)panel->total, *shift = (const float *)panel->shift;
    float scale[PANEL];
    for (int64_t row = 0; row < items; row++) {
        task->log_sums[first + row] = (float)(shift[row] + log2((double)total[row]));
        scale[row] = 1.0f / total[row];
    }
    if (task->kept_rows)
        keep_hidden(task, first, items, scale);
    if (task->hidden_gradient)
        store_sums(task->hidden_gradient + first * task->width, panel->sums, scale, items, task->width);
}

static void finish_columns(const struct lce_task *task, const struct panel *panel, int64_t first, int64_t items)
{
    float scale[PANEL];
    for (int64_t column = 0; column < items; column++)
        scale[column] = task->scale;
    store_sums(task->weight_gradient + first * task->width, panel->sums, scale, items, task->width);
}

/* What has been summed and kept with the old shifts shrinks with those that this block raises. */
TARGET static void follow_maxima(const struct lce_task *task, const struct panel *panel, const vec *logits,
                                 int64_t count, int64_t word, int64_t row)
{
    vec factor[VECTORS];
    if (!raise_shifts(logits, count, panel, factor))
        return;
    scale_panel(panel, factor, round_up(task->width, TILE));
    if (task->kept_rows)
        scale_kept(task, word, row, factor);
}

TARGET static void meet_row_panel(const struct lce_task *task, const struct panel *panel, const struct block *words,
                                  int64_t word, int64_t row, vec *logits)
{
    make_logits(logits, words, panel->own, task->width);
    if (!task->bounded)
        follow_maxima(task, panel, logits, words->count, word, row);
    exponentiate_rows(logits, words->count, panel);
    if (task->hidden_gradient)
        add_products(panel->sums, words, logits, task->width);
}

TARGET static void fp32_sum_rows(const struct lce_task *task, int64_t first, int64_t last, void *memory)
{
    struct scratch scratch = divide_scratch(memory, task->width);
    int64_t group = group_panels(task->width) * PANEL;
    for (; first < last; first += group) {
        int64_t end = smaller(first + group, last);
        for (int64_t row = first, i = 0; row < end; row += PANEL, i++)
            start_panel(&scratch.panels[i], task->hidden + row * task->width, smaller(PANEL, end - row), task->width,
                        task->bounded ? 0.0f : -INFINITY);
        for (int64_t word = 0; word < task->vocabulary; word += BLOCK) {
            int64_t count = smaller(BLOCK, task->vocabulary - word);
            struct block words = take_block(task->weight, word, count, task->width, scratch.others);
            for (int64_t row = first, i = 0; row < end; row += PANEL, i++)
                meet_row_panel(task, &scratch.panels[i], &words, word, row,
                               task->kept_rows ? kept_block(task, word, row) : scratch.logits);
        }
        for (int64_t row = first, i = 0; row < end; row += PANEL, i++)
            finish_rows(task, &scratch.panels[i], row, smaller(PANEL, end - row));
    }
}

TARGET static void fp32_sum_columns(const struct lce_task *task, int64_t first, int64_t last, void *memory)
{
    struct scratch scratch = divide_scratch(memory, task->width);
    int64_t group = group_panels(task->width) * PANEL;
    for (; first < last; first += group) {
        int64_t end = smaller(first + group, last);
        for (int64_t word = first, i = 0; word < end; word += PANEL, i++)
            start_panel(&scratch.panels[i], task->weight + word * task->width, smaller(PANEL, end - word), task->width,
                        0.0f);
        for (int64_t row = 0; row < task->rows; row += BLOCK) {
            int64_t count = smaller(BLOCK, task->rows - row);
            struct block rows = take_block(task->hidden, row, count, task->width, scratch.others);
            for (int64_t word = first, i = 0; word < end; word += PANEL, i++) {
                make_logits(scratch.logits, &rows, scratch.panels[i].own, task->width);
                exponentiate_columns(scratch.logits, count, task->log_sums + row);
                add_products(scratch.panels[i].sums, &rows, scratch.logits, task->width);
            }
        }
        for (int64_t word = first, i = 0; word < end; word += PANEL, i++)
            finish_columns(task, &scratch.panels[i], word, smaller(PANEL, end - word));
    }
}

const struct lce_path PATH = {
    .name = NAME,
    .supported = SUPPORTED,
    .row_block = PANEL,
    .column_block = PANEL,
    .scratch_bytes = fp32_scratch_bytes,
    .sum_rows = fp32_sum_rows,
    .sum_columns = fp32_sum_columns,
    .add_columns = fp32_add_columns,
    .power_bytes = sizeof(float),
    .fits = fp32_fits,
};
