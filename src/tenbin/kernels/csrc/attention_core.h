/* Causal attention with rotary positions, forward and backward, in the register tiles of tiles.h, for the processor that PATH is for.

   One head of one sequence at a time, whose queries, keys and values all lie in the cache. Scores of a panel of own
   items (in the lanes of vectors) against a block of others are made, exponentiated and used up in place:

       forward        own queries   meet keys      o_i  = sum_j p_ij v_j,          p_ij = 2^(q_i . k_j - l_i)
       backward, dq   own queries   meet keys      dq_i = sum_j s_ij k_j,          s_ij = p_ij (do_i . v_j - do_i . o_i)
       backward, dkv  own keys      meet queries   dk_j = sum_i s_ij q_i,          dv_j = sum_i p_ij do_i

   Queries are scaled by log2 e / sqrt(head size) beforehand: scores are to base 2. Dao et al. 2022 (FlashAttention)
   describe the recomputation. A head is one thread's, in a fixed order: threads change no bit. */
#include "attention_head.h"

#define HIDDEN_SCORE -1e30f

INLINE vec lane_numbers(int64_t offset)
{
    vec numbers;
    for (int lane = 0; lane < LANES; lane++)
        numbers[lane] = (float)(offset + lane);
    return numbers;
}

/* a where condition, else b; conditions are all bits or none. */
INLINE vec choose(words condition, vec a, vec b)
{
    return (vec)(((words)a & condition) | ((words)b & ~condition));
}

/* Scores of keys that lie behind their query count for nothing: own are queries from `own`, others keys from `other`. */
TARGET static void hide_later_keys(vec *scores, int64_t own, int64_t other, int64_t count)
{
    for (int64_t j = own > other ? own - other : 0; j < count; j++)
        for (int v = 0; v < VECTORS; v++)
            scores[j * VECTORS + v] = choose(lane_numbers(own + v * LANES) < (float)(other + j), (vec){0} + HIDDEN_SCORE,
                                             scores[j * VECTORS + v]);
}

/* The same where own are keys from `own` and others queries from `other`. */
TARGET static void hide_earlier_queries(vec *scores, int64_t own, int64_t other, int64_t count)
{
    for (int64_t i = 0; i < count && other + i < own + PANEL; i++)
        for (int v = 0; v < VECTORS; v++)
            scores[i * VECTORS + v] = choose(lane_numbers(own + v * LANES) > (float)(other + i), (vec){0} + HIDDEN_SCORE,
                                             scores[i * VECTORS + v]);
}

/* Raise the shift to the block's maximum and scale down what has been summed with the old one. */
TARGET static void raise_shift(const struct head *head, int64_t count)
{
    for (int v = 0; v < VECTORS; v++) {
        vec top = head->shift[v];
        for (int64_t j = 0; j < count; j++)
            top = MAXIMUM(top, head->scores[j * VECTORS + v]);
        vec factor = power_of_two(head->shift[v] - top);
        head->shift[v] = top;
        head->total[v] *= factor;
        for (int64_t d = 0; d < head->stride; d++)
            head->sums[d * VECTORS + v] *= factor;
    }
}

TARGET static void exponentiate(const struct head *head, int64_t count)
{
    for (int64_t j = 0; j < count; j++)
        for (int v = 0; v < VECTORS; v++) {
            vec *score = head->scores + j * VECTORS + v;
            *score = power_of_two(*score - head->shift[v]);
            head->total[v] += *score;
        }
}

static void clear_sums(vec *sums, const struct head *head)
{
    memset(sums, 0, (size_t)head->stride * VECTORS * sizeof(vec));
}

static struct block block_of(const float *rows, int64_t first, int64_t count, const struct head *head)
{
    return (struct block){rows + first * head->stride, head->stride, count};
}

/* Own queries from `first` over all keys up to the last of them. */
TARGET static void attend(const struct head *head, int64_t first)
{
    int64_t end = smaller(first + PANEL, head->positions);
    load_own(head->own, head->query, first, head);
    clear_sums(head->sums, head);
    for (int v = 0; v < VECTORS; v++) {
        head->shift[v] = (vec){0} + HIDDEN_SCORE;
        head->total[v] = (vec){0};
    }
    for (int64_t other = 0; other < end; other += BLOCK) {
        struct block keys = block_of(head->key, other, smaller(BLOCK, end - other), head);
        struct block values = block_of(head->value, other, keys.count, head);
        make_logits(head->scores, &keys, head->own, head->width);
        hide_later_keys(head->scores, first, other, keys.count);
        raise_shift(head, keys.count);
        exponentiate(head, keys.count);
        add_products(head->sums, &values, head->scores, head->width);
    }
}

static void store_attended(const struct attention_task *task, const struct head *head, int64_t sequence, int64_t number,
                           int64_t first)
{
    const float *sums = (const float *)head->sums, *total = (const float *)head->total;
    const float *shift = (const float *)head->shift;
    float *log_sums = task->log_sums + (sequence * task->heads + number) * head->positions;
    for (int64_t i = 0; i < PANEL && first + i < head->positions; i++) {
        int64_t row = (sequence * head->positions + first + i) * task->heads + number;
        for (int64_t d = 0; d < head->width; d++)
            task->output[row * head->width + d] = sums[d * PANEL + i] / total[i];
        log_sums[first + i] = shift[i] + log2f(total[i]);
    }
}

TARGET static void forward(const struct attention_task *task, int64_t sequence, int64_t number, void *memory)
{
    char *next = memory;
    struct head head = divide(task, &next);
    gather(task, &head, sequence, number);
    for (int64_t first = 0; first < head.positions; first += PANEL) {
        attend(&head, first);
        store_attended(task, &head, sequence, number, first);
    }
}

/* Gradients of the output in rows, their products with the output, and the logarithms of the sums. */
static void gather_gradient(const struct attention_task *task, const struct head *head, int64_t sequence,
                            int64_t number)
{
    const float *log_sums = task->log_sums + (sequence * task->heads + number) * head->positions;
    for (int64_t position = 0; position < head->positions; position++) {
        int64_t row = ((sequence * head->positions + position) * task->heads + number) * head->width;
        float delta = 0.0f;
        for (int64_t d = 0; d < head->width; d++) {
            head->gradient[position * head->stride + d] = task->output_gradient[row + d];
            delta += task->output_gradient[row + d] * task->output[row + d];
        }
        head->deltas[position] = delta;
        head->log_sums[position] = log_sums[position];
    }
}

/* Own queries: slopes of their scores, lanes' log_sums and deltas. */
TARGET static void slope_of_queries(const struct head *head, int64_t first, int64_t count)
{
    for (int v = 0; v < VECTORS; v++) {
        vec log_sums, delta;
        memcpy(&log_sums, head->log_sums + first + v * LANES, sizeof log_sums);
        memcpy(&delta, head->deltas + first + v * LANES, sizeof delta);
        for (int64_t j = 0; j < count; j++) {
            vec *slope = head->slopes + j * VECTORS + v;
            *slope = power_of_two(head->scores[j * VECTORS + v] - log_sums) * (*slope - delta);
        }
    }
}

/* Own keys: probabilities in place of scores, and slopes; log_sums and delta are the other's. */
TARGET static void slope_of_keys(const struct head *head, int64_t other, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        for (int v = 0; v < VECTORS; v++) {
            vec *score = head->scores + i * VECTORS + v, *slope = head->slopes + i * VECTORS + v;
            *score = power_of_two(*score - head->log_sums[other + i]);
            *slope = *score * (*slope - head->deltas[other + i]);
        }
}

TARGET static void differentiate_queries(const struct head *head, int64_t first)
{
    int64_t end = smaller(first + PANEL, head->positions);
    load_own(head->own, head->query, first, head);
    load_own(head->own_other, head->gradient, first, head);
    clear_sums(head->sums, head);
    for (int64_t other = 0; other < end; other += BLOCK) {
        struct block keys = block_of(head->key, other, smaller(BLOCK, end - other), head);
        struct block values = block_of(head->value, other, keys.count, head);
        make_logits(head->scores, &keys, head->own, head->width);
        make_logits(head->slopes, &values, head->own_other, head->width);
        hide_later_keys(head->scores, first, other, keys.count);
        slope_of_queries(head, first, keys.count);
        add_products(head->sums, &keys, head->slopes, head->width);
    }
}

TARGET static void differentiate_keys(const struct head *head, int64_t first)
{
    load_own(head->own, head->key, first, head);
    load_own(head->own_other, head->value, first, head);
    clear_sums(head->sums, head);
    clear_sums(head->sums_other, head);
    for (int64_t other = first; other < head->positions; other += BLOCK) {
        struct block queries = block_of(head->query, other, smaller(BLOCK, head->positions - other), head);
        struct block gradients = block_of(head->gradient, other, queries.count, head);
        make_logits(head->scores, &queries, head->own, head->width);
        make_logits(head->slopes, &gradients, head->own_other, head->width);
        hide_earlier_queries(head->scores, first, other, queries.count);
        slope_of_keys(head, other, queries.count);
        add_products(head->sums, &queries, head->slopes, head->width);
        add_products(head->sums_other, &gradients, head->scores, head->width);
    }
}

TARGET static void backward(const struct attention_task *task, int64_t sequence, int64_t number, void *memory)
{
    char *next = memory;
    struct head head = divide(task, &next);
    gather(task, &head, sequence, number);
    gather_gradient(task, &head, sequence, number);
    for (int64_t first = 0; first < head.positions; first += PANEL) {
        differentiate_queries(&head, first);
        scatter(task, &head, head.sums, head.scale * (float)LN_2, 0, sequence, number, first);
        differentiate_keys(&head, first);
        scatter(task, &head, head.sums, (float)LN_2, 1, sequence, number, first);
        scatter(task, &head, head.sums_other, 1.0f, 2, sequence, number, first);
    }
}

const struct attention_path PATH = {
    .name = NAME,
    .supported = SUPPORTED,
    .scratch_bytes = scratch_bytes,
    .forward = forward,
    .backward = backward,
};
