/* Random calls of attention on every path that this processor has, held against sums in float64: a program of its own,
   so that it can be built with sanitizers or for other processors. All memory is of exactly the size that a call may
   touch.

   usage: fuzz_attention CALLS_PER_PATH; status 1 and one line if a result is wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "attention.h"

struct example {
    int64_t batch, positions, heads, size, pairs;
    float *fused, *rotation, *output, *log_sums, *gradient, *fused_gradient;
};

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void *reserve(int64_t count, size_t bytes)
{
    void *memory = calloc((size_t)count, bytes);
    if (!memory && count)
        abort();
    return memory;
}

static float *draw_values(int64_t count, float size)
{
    float *values = reserve(count, sizeof(float));
    for (int64_t i = 0; i < count; i++)
        values[i] = size * ((float)draw(2000001) / 1e6f - 1.0f);
    return values;
}

static struct example draw_example(void)
{
    struct example e = {1 + draw(3), 1 + draw(150), 1 + draw(3), 1 + draw(40), 0, 0, 0, 0, 0, 0, 0};
    int64_t tokens = e.batch * e.positions * e.heads;
    e.pairs = draw((uint32_t)(e.size / 2) + 1);
    e.fused = draw_values(tokens * 3 * e.size, draw(2) ? 1.0f : 4.0f);
    e.rotation = draw_values(2 * e.positions * e.pairs, 1.0f);
    e.output = reserve(tokens * e.size, sizeof(float));
    e.log_sums = reserve(tokens, sizeof(float));
    e.gradient = draw_values(tokens * e.size, 1.0f);
    e.fused_gradient = reserve(tokens * 3 * e.size, sizeof(float));
    return e;
}

static void free_example(struct example *e)
{
    free(e->fused), free(e->rotation), free(e->output);
    free(e->log_sums), free(e->gradient), free(e->fused_gradient);
}

/* Turn the pairs of a row, or turn a gradient back: the transposed rotation, whatever its angles' length. */
static void turn(const struct example *e, double *row, int64_t position, double direction)
{
    for (int64_t d = 0; d < e->pairs; d++) {
        double cosine = e->rotation[position * e->pairs + d];
        double sine = direction * e->rotation[(e->positions + position) * e->pairs + d];
        double first = row[d], second = row[d + e->pairs];
        row[d] = first * cosine - second * sine;
        row[d + e->pairs] = second * cosine + first * sine;
    }
}

/* Rows [3][positions][size] of a head: queries and keys turned, and values. */
static void gather(const struct example *e, int64_t sequence, int64_t head, double *rows)
{
    for (int64_t position = 0; position < e->positions; position++)
        for (int part = 0; part < 3; part++) {
            double *row = rows + (part * e->positions + position) * e->size;
            int64_t token = (sequence * e->positions + position) * e->heads + head;
            for (int64_t d = 0; d < e->size; d++)
                row[d] = e->fused[(token * 3 + part) * e->size + d];
            if (part < 2)
                turn(e, row, position, 1.0);
        }
}

static double dot(const double *a, const double *b, int64_t size)
{
    double sum = 0.0;
    for (int64_t d = 0; d < size; d++)
        sum += a[d] * b[d];
    return sum;
}

/* Probabilities of a query's keys, and its output. */
static void attend(const struct example *e, const double *rows, int64_t query, double *p, double *output)
{
    double top = -INFINITY, sum = 0.0;
    for (int64_t key = 0; key <= query; key++) {
        p[key] = dot(rows + query * e->size, rows + (e->positions + key) * e->size, e->size) / sqrt((double)e->size);
        top = fmax(top, p[key]);
    }
    for (int64_t key = 0; key <= query; key++)
        sum += p[key] = exp(p[key] - top);
    for (int64_t d = 0; d < e->size; d++)
        output[d] = 0.0;
    for (int64_t key = 0; key <= query; key++) {
        p[key] /= sum;
        for (int64_t d = 0; d < e->size; d++)
            output[d] += p[key] * rows[(2 * e->positions + key) * e->size + d];
    }
}

/* Add what a query's output gradient makes of the gradients of all rows. */
static void differentiate(const struct example *e, const double *rows, int64_t query, const double *p,
                          const double *output, const double *gradient, double *gradients)
{
    double mean = dot(gradient, output, e->size);
    for (int64_t key = 0; key <= query; key++) {
        const double *keys = rows + (e->positions + key) * e->size, *values = keys + e->positions * e->size;
        double slope = p[key] * (dot(gradient, values, e->size) - mean) / sqrt((double)e->size);
        for (int64_t d = 0; d < e->size; d++) {
            gradients[query * e->size + d] += slope * keys[d];
            gradients[(e->positions + key) * e->size + d] += slope * rows[query * e->size + d];
            gradients[(2 * e->positions + key) * e->size + d] += p[key] * gradient[d];
        }
    }
}

static double worse(double error, double found, double expected)
{
    double difference = fabs(found - expected);
    return difference <= error ? error : difference;
}

/* Largest difference of a head's outputs and gradients from those in float64. */
static double error_of_head(const struct example *e, int64_t sequence, int64_t head)
{
    int64_t count = 3 * e->positions * e->size;
    double *rows = reserve(count, sizeof(double)), *gradients = reserve(count, sizeof(double)), error = 0.0;
    double *p = reserve(e->positions, sizeof(double)), *output = reserve(2 * e->size, sizeof(double));
    gather(e, sequence, head, rows);
    for (int64_t query = 0; query < e->positions; query++) {
        int64_t token = (sequence * e->positions + query) * e->heads + head;
        attend(e, rows, query, p, output);
        for (int64_t d = 0; d < e->size; d++) {
            error = worse(error, e->output[token * e->size + d], output[d]);
            output[e->size + d] = e->gradient[token * e->size + d];
        }
        differentiate(e, rows, query, p, output, output + e->size, gradients);
    }
    for (int64_t row = 0; row < 3 * e->positions; row++) {
        int64_t part = row / e->positions, position = row % e->positions;
        int64_t token = (sequence * e->positions + position) * e->heads + head;
        if (part < 2)
            turn(e, gradients + row * e->size, position, -1.0);
        for (int64_t d = 0; d < e->size; d++)
            error = worse(error, e->fused_gradient[(token * 3 + part) * e->size + d], gradients[row * e->size + d]);
    }
    free(rows), free(gradients), free(p), free(output);
    return error;
}

static int try_path(int path, int call)
{
    struct example e = draw_example();
    int threads = 1 + (int)draw(3);
    double error = 0.0;
    for (int backward = 0; backward < 2; backward++)
        if (attention_run(path, threads, e.batch, e.positions, e.heads, e.size, 2 * e.pairs, e.fused, e.rotation,
                          e.output, e.log_sums, backward ? e.gradient : 0, backward ? e.fused_gradient : 0))
            error = INFINITY;
    for (int64_t sequence = 0; sequence < e.batch; sequence++)
        for (int64_t head = 0; head < e.heads; head++)
            error = worse(error, error_of_head(&e, sequence, head), 0.0);
    int right = error <= 1e-2;
    if (!right)
        printf("%s, call %d: off by %g for %d sequences of %d, %d heads of %d, %d pairs, threads %d\n",
               attention_path_name(path), call, error, (int)e.batch, (int)e.positions, (int)e.heads, (int)e.size,
               (int)e.pairs, threads);
    free_example(&e);
    return right;
}

int main(int count, char **arguments)
{
    int calls = count > 1 ? atoi(arguments[1]) : 10;
    for (int path = 0; attention_path_name(path); path++)
        for (int call = 0; attention_path_supported(path) && call < calls; call++)
            if (!try_path(path, call))
                return 1;
    for (int path = 0; attention_path_name(path); path++)
        if (attention_path_supported(path))
            printf("%s\n", attention_path_name(path));
    return 0;
}
