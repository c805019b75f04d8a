/* One head of one sequence in scratch memory: its rows, and how they come from and go to the fused tensors. */
#include "attention.h"
#include "tiles.h"

/* Rows of a head, [positions rounded up][stride] with zeros behind the last, and what a panel of own items needs. */
struct head {
    int64_t positions, width, stride;
    float scale; /* of queries */
    float *query, *key, *value, *gradient;
    float *log_sums, *deltas; /* [positions rounded up] */
    vec *own, *own_other;     /* [width][VECTORS] */
    vec *sums, *sums_other;   /* [stride][VECTORS] */
    vec *scores, *slopes;     /* [BLOCK][VECTORS] */
    vec *shift, *total;       /* [VECTORS] */
};

static size_t rows_bytes(const struct attention_task *task)
{
    return (size_t)(round_up(task->positions, PANEL) + BLOCK) * (size_t)round_up(task->head_size, TILE) * sizeof(float);
}

static void *carve(char **next, size_t bytes)
{
    void *part = *next;
    *next += round_up((int64_t)bytes, 64);
    return part;
}

static struct head divide(const struct attention_task *task, char **memory)
{
    int64_t stride = round_up(task->head_size, TILE), padded = round_up(task->positions, PANEL) + BLOCK;
    size_t tile = (size_t)stride * VECTORS * sizeof(vec);
    struct head head = {.positions = task->positions, .width = task->head_size, .stride = stride};
    head.scale = (float)(LOG2_E / sqrt((double)task->head_size));
    head.query = carve(memory, rows_bytes(task));
    head.key = carve(memory, rows_bytes(task));
    head.value = carve(memory, rows_bytes(task));
    head.gradient = carve(memory, rows_bytes(task));
    head.log_sums = carve(memory, (size_t)padded * sizeof(float));
    head.deltas = carve(memory, (size_t)padded * sizeof(float));
    head.own = carve(memory, tile);
    head.own_other = carve(memory, tile);
    head.sums = carve(memory, tile);
    head.sums_other = carve(memory, tile);
    head.scores = carve(memory, BLOCK * VECTORS * sizeof(vec));
    head.slopes = carve(memory, BLOCK * VECTORS * sizeof(vec));
    head.shift = carve(memory, VECTORS * sizeof(vec));
    head.total = carve(memory, VECTORS * sizeof(vec));
    return head;
}

static size_t scratch_bytes(const struct attention_task *task)
{
    char *end = 0;
    divide(task, &end);
    return (size_t)end;
}

/* Turn pairs (d, d + half) of a row by its position's angles (Su et al. 2021), as GPT-NeoX pairs them. */
static void turn(float *row, const float *cosine, const float *sine, float direction, int64_t half)
{
    for (int64_t d = 0; d < half; d++) {
        float first = row[d], second = row[d + half], turn = direction * sine[d];
        row[d] = first * cosine[d] - second * turn;
        row[d + half] = second * cosine[d] + first * turn;
    }
}

/* Copy a head's part of the fused tensor into rows. */
static void gather(const struct attention_task *task, const struct head *head, int64_t sequence, int64_t number)
{
    int64_t width = head->width, half = task->rotary_width / 2;
    const float *cosine = task->rotation, *sine = cosine + task->positions * half;
    for (int64_t position = 0; position < head->positions; position++) {
        const float *in = task->fused + ((sequence * head->positions + position) * task->heads + number) * 3 * width;
        float *query = head->query + position * head->stride, *key = head->key + position * head->stride;
        memcpy(query, in, (size_t)width * sizeof(float));
        memcpy(key, in + width, (size_t)width * sizeof(float));
        memcpy(head->value + position * head->stride, in + 2 * width, (size_t)width * sizeof(float));
        turn(query, cosine + position * half, sine + position * half, 1.0f, half);
        turn(key, cosine + position * half, sine + position * half, 1.0f, half);
        for (int64_t d = 0; d < width; d++)
            query[d] *= head->scale;
    }
}

/* out[d][item] = rows[first + item][d]; rows behind the last position are zeros. */
TARGET static void load_own(vec *out, const float *rows, int64_t first, const struct head *head)
{
    float *lanes = (float *)out;
    for (int64_t item = 0; item < PANEL; item++)
        for (int64_t d = 0; d < head->width; d++)
            lanes[d * PANEL + item] = rows[(first + item) * head->stride + d];
}

/* Write sums of own items, scaled and, if `turned`, turned back, as part 0 (q), 1 (k) or 2 (v) of the fused gradient. */
static void scatter(const struct attention_task *task, const struct head *head, const vec *sums, float scale, int part,
                    int64_t sequence, int64_t number, int64_t first)
{
    const float *lanes = (const float *)sums;
    int64_t half = task->rotary_width / 2;
    const float *cosine = task->rotation + first * half, *sine = cosine + task->positions * half;
    for (int64_t i = 0; i < PANEL && first + i < head->positions; i++, cosine += half, sine += half) {
        int64_t row = (sequence * head->positions + first + i) * task->heads + number;
        float *out = task->fused_gradient + (row * 3 + part) * head->width;
        for (int64_t d = 0; d < head->width; d++)
            out[d] = lanes[d * PANEL + i] * scale;
        if (part < 2)
            turn(out, cosine, sine, -1.0f, half);
    }
}
