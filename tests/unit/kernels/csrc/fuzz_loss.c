/* Random calls of every path that this processor has, held against sums in float64: a program of its own, so that it can
   be built with sanitizers or for other processors. All memory is of exactly the size that a call may touch.

   usage: fuzz_loss CALLS_PER_PATH; status 1 and one line if a result is wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lce.h"

struct example {
    int64_t rows, width, vocabulary;
    float *hidden, *weight, *losses, *hidden_gradient, *weight_gradient;
    int64_t *targets;
};

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void *reserve(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory)
        abort();
    return memory;
}

static float *draw_values(int64_t count, float size)
{
    float *values = reserve((size_t)count * sizeof(float));
    for (int64_t i = 0; i < count; i++)
        values[i] = size * ((float)draw(2000001) / 1e6f - 1.0f);
    return values;
}

/* The first one has rows enough for several chunks whose powers are kept. */
static struct example draw_example(int call)
{
    static const int64_t widths[] = {1, 7, 8, 16, 17, 24, 32, 48, 64, 96, 130, 192, 256, 300};
    struct example e = {.rows = 1 + draw(130), .width = widths[draw(14)], .vocabulary = 1 + draw(300)};
    if (call == 0)
        e.rows = 1500, e.width = 16, e.vocabulary = 1501;
    e.hidden = draw_values(e.rows * e.width, 1.0f);
    e.weight = draw_values(e.vocabulary * e.width, draw(2) ? 0.3f : 30.0f);
    e.losses = reserve((size_t)e.rows * sizeof(float));
    e.hidden_gradient = reserve((size_t)(e.rows * e.width) * sizeof(float));
    e.weight_gradient = reserve((size_t)(e.vocabulary * e.width) * sizeof(float));
    e.targets = reserve((size_t)e.rows * sizeof(int64_t));
    for (int64_t row = 0; row < e.rows; row++)
        e.targets[row] = row && draw(4) == 0 ? -100 : (int64_t)draw((uint32_t)e.vocabulary);
    return e;
}

static void free_example(struct example *e)
{
    free(e->hidden), free(e->weight), free(e->losses);
    free(e->hidden_gradient), free(e->weight_gradient), free(e->targets);
}

static double seen(float value, int rounds)
{
    return rounds ? lce_round_to_bf16(value) : value;
}

/* Loss of a row, p of its words, and the largest logit so far, whatever its sign. */
static double sum_row(const struct example *e, int64_t row, int rounds, double *p, double *largest)
{
    double top = -INFINITY, sum = 0.0;
    for (int64_t word = 0; word < e->vocabulary; word++) {
        p[word] = 0.0;
        for (int64_t d = 0; d < e->width; d++)
            p[word] += seen(e->hidden[row * e->width + d], rounds) * seen(e->weight[word * e->width + d], rounds);
        top = p[word] > top ? p[word] : top;
        *largest = fmax(*largest, fabs(p[word]));
    }
    for (int64_t word = 0; word < e->vocabulary; word++)
        sum += exp(p[word] - top);
    double loss = top + log(sum) - p[e->targets[row]];
    for (int64_t word = 0; word < e->vocabulary; word++)
        p[word] = exp(p[word] - top) / sum;
    return loss;
}

static int64_t count_targets(const struct example *e)
{
    int64_t counted = 0;
    for (int64_t row = 0; row < e->rows; row++)
        counted += e->targets[row] >= 0;
    return counted;
}

/* Rows of the target that most rows have. */
static int64_t count_commonest(const struct example *e)
{
    int64_t most = 0;
    for (int64_t word = 0; word < e->vocabulary; word++) {
        int64_t rows = 0;
        for (int64_t row = 0; row < e->rows; row++)
            rows += e->targets[row] == word;
        most = rows > most ? rows : most;
    }
    return most;
}

/* Largest difference, beside the largest value or `least`, which says nothing. */
static double error_of(const float *found, const double *expected, int64_t count, double least)
{
    double worst = 0.0, largest = least;
    for (int64_t i = 0; i < count; i++) {
        if (!(fabs(found[i] - expected[i]) <= worst))
            worst = fabs(found[i] - expected[i]);
        largest = fmax(largest, fabs(expected[i]));
    }
    return worst / largest;
}

/* Return whether losses and, if asked for, gradients are right to `tolerance`. Both are differences, of which the last
   bits of what is subtracted can't be had: of logits, and in bf16 of rounded rows. With one word all are 0. */
static int is_right(const struct example *e, int rounds, int gradients, double tolerance)
{
    int64_t rows = e->rows * e->width, words = e->vocabulary * e->width;
    double *p = reserve((size_t)e->vocabulary * sizeof(double)), *losses = calloc((size_t)e->rows, sizeof(double));
    double *of_hidden = calloc((size_t)rows, sizeof(double)), *of_weight = calloc((size_t)words, sizeof(double));
    double share = 1.0 / (double)count_targets(e), largest = 1.0;
    double least = rounds ? fmax(1e-3, 0.1 * share * (double)count_commonest(e)) : 1e-3;
    for (int64_t row = 0; row < e->rows; row++) {
        if (e->targets[row] < 0)
            continue;
        losses[row] = sum_row(e, row, rounds, p, &largest);
        p[e->targets[row]] -= 1.0;
        for (int64_t word = 0; gradients && word < e->vocabulary; word++)
            for (int64_t d = 0; d < e->width; d++) {
                of_hidden[row * e->width + d] += p[word] * share * seen(e->weight[word * e->width + d], rounds);
                of_weight[word * e->width + d] += p[word] * share * seen(e->hidden[row * e->width + d], rounds);
            }
    }
    int right = error_of(e->losses, losses, e->rows, 1e-3 * largest) <= tolerance;
    right &= !gradients || error_of(e->hidden_gradient, of_hidden, rows, least) <= tolerance;
    right &= !gradients || error_of(e->weight_gradient, of_weight, words, least) <= tolerance;
    free(p), free(losses), free(of_hidden), free(of_weight);
    return right;
}

static int try_path(int path, int call)
{
    struct example e = draw_example(call);
    int rounds = strstr(lce_path_name(path), "bf16") != 0, gradients = draw(4) > 0, threads = 1 + (int)draw(3);
    double mean = NAN;
    int failed = lce_run(path, threads, e.rows, e.width, e.vocabulary, e.hidden, e.weight, e.targets, e.losses,
                         gradients ? e.hidden_gradient : 0, gradients ? e.weight_gradient : 0, &mean);
    int right = !failed && isfinite(mean) && is_right(&e, rounds, gradients, rounds ? 2e-2 : 1e-3);
    if (!right)
        printf("%s, call %d: wrong for %d rows of width %d, vocabulary %d, gradients %d, threads %d\n",
               lce_path_name(path), call, (int)e.rows, (int)e.width, (int)e.vocabulary, gradients, threads);
    free_example(&e);
    return right;
}

int main(int count, char **arguments)
{
    int calls = count > 1 ? atoi(arguments[1]) : 10;
    for (int path = 0; lce_path_name(path); path++)
        for (int call = 0; lce_path_supported(path) && call < calls; call++)
            if (!try_path(path, call))
                return 1;
    for (int path = 0; lce_path_name(path); path++)
        if (lce_path_supported(path))
            printf("%s\n", lce_path_name(path));
    return 0;
}
