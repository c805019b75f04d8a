/* One call from Python: memory, and threads that go through its steps with a barrier between them.

   Shares of a step are taken by whichever thread is free. What is computed from one does not depend on that. Threads
   live for one call: a process that forks between calls forks no thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "keep.h"

#define SHARES_PER_THREAD 8 /* so that the last one does not keep others waiting for long */
#define ALIGNMENT 64

struct worker {
    struct call *call;
    void *scratch;
    pthread_t thread;
};

/* Take shares of a step until none is left, then wait for the other threads. */
static void take_step(struct call *call, int64_t *next, struct step step, void *scratch)
{
    int64_t shares = call->threads == 1 ? 1 : (int64_t)call->threads * SHARES_PER_THREAD;
    int64_t size = round_up((step.last - step.first + shares - 1) / shares, step.block), first;
    while ((first = step.first + __atomic_fetch_add(next, size, __ATOMIC_RELAXED)) < step.last) {
        struct share share = {first, first + size < step.last ? first + size : step.last, step.chunk, scratch};
        step.run(call, &share);
    }
    pthread_barrier_wait(&call->barrier);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct call *call = worker->call;
    pthread_mutex_lock(&call->start);
    pthread_mutex_unlock(&call->start);
    for (int64_t number = 0; number < count_steps(call); number++) {
        struct step step = choose_step(call, number);
        if (step.first < step.last)
            take_step(call, &call->next[number], step, worker->scratch);
    }
    return 0;
}

/* Run the steps on as many of the threads as the system gives: fewer give the same bits. */
static void run_team(struct call *call, struct worker *team)
{
    int started = 1;
    pthread_mutex_init(&call->start, 0);
    pthread_mutex_lock(&call->start);
    while (started < call->threads && !pthread_create(&team[started].thread, 0, work, &team[started]))
        started++;
    call->threads = started;
    pthread_barrier_init(&call->barrier, 0, (unsigned)started);
    pthread_mutex_unlock(&call->start);
    work(&team[0]);
    for (int i = 1; i < started; i++)
        pthread_join(team[i].thread, 0);
    pthread_barrier_destroy(&call->barrier);
    pthread_mutex_destroy(&call->start);
}

/* The next `bytes` of the call's memory; a first pass, with none yet, only counts them. */
static void *carve(char *memory, size_t *used, size_t bytes)
{
    void *part = memory && bytes ? memory + *used : 0;
    *used += (size_t)round_up((int64_t)bytes, ALIGNMENT);
    return part;
}

static size_t divide_memory(char *memory, struct call *call, struct worker *team)
{
    struct lce_task *task = &call->task;
    const struct lce_path *path = call->path;
    size_t used = 0;
    call->hidden_norms = carve(memory, &used, (size_t)task->rows * sizeof(float));
    call->weight_norms = carve(memory, &used, (size_t)task->vocabulary * sizeof(float));
    task->log_sums = carve(memory, &used, (size_t)round_up(task->rows, path->row_block) * sizeof(float));
    if (path->pack_hidden)
        task->packed_hidden = carve(memory, &used, path->packed_hidden_bytes(task->rows, task->width));
    if (path->pack_weight)
        task->packed_weight = carve(memory, &used, path->packed_weight_bytes(task->vocabulary, task->width));
    call->next = carve(memory, &used, (size_t)count_steps(call) * sizeof(int64_t));
    size_t zeroed = used;
    task->kept_powers = carve(memory, &used, (size_t)kept_power_bytes(path, task));
    task->kept_hidden = carve(memory, &used, (size_t)kept_hidden_bytes(path, task));
    for (int i = 0; i < call->threads; i++)
        team[i] = (struct worker){.call = call, .scratch = carve(memory, &used, path->scratch_bytes(task->width))};
    if (memory)
        memset(memory, 0, zeroed);
    return used;
}

/* More threads than blocks would have nothing to do. */
static int useful_threads(const struct lce_path *path, int threads, int64_t rows, int64_t vocabulary)
{
    int64_t row_blocks = round_up(rows, path->row_block) / path->row_block;
    int64_t column_blocks = round_up(vocabulary, path->column_block) / path->column_block;
    int64_t blocks = row_blocks > column_blocks ? row_blocks : column_blocks;
    return threads < 1 ? 1 : threads < blocks ? threads : (int)blocks;
}

static int64_t count_counted(const int64_t *targets, int64_t rows)
{
    int64_t counted = 0;
    for (int64_t row = 0; row < rows; row++)
        counted += targets[row] >= 0;
    return counted;
}

static double mean_loss(const struct call *call)
{
    double sum = 0.0;
    for (int64_t row = 0; row < call->task.rows; row++)
        sum += call->task.losses[row];
    return sum / (double)call->counted;
}

int lce_run(int path, int threads, int64_t rows, int64_t width, int64_t vocabulary, const float *hidden,
            const float *weight, const int64_t *targets, float *losses, float *hidden_gradient, float *weight_gradient,
            double *mean)
{
    int64_t counted = count_counted(targets, rows);
    struct call call = {
        .task = {.rows = rows, .width = width, .vocabulary = vocabulary, .hidden = hidden, .weight = weight,
                 .targets = targets, .hidden_gradient = hidden_gradient, .weight_gradient = weight_gradient,
                 .losses = losses, .scale = (float)(1.0 / (double)counted)},
        .counted = counted,
        .path = lce_paths[path],
        .threads = useful_threads(lce_paths[path], threads, rows, vocabulary),
    };
    call.task.kept_rows = choose_kept_rows(call.path, &call.task);
    call.chunk_rows = call.task.kept_rows ? call.task.kept_rows : rows;
    struct worker *team = calloc((size_t)call.threads, sizeof *team);
    char *memory = team ? aligned_alloc(ALIGNMENT, divide_memory(0, &call, team)) : 0;
    if (memory) {
        divide_memory(memory, &call, team);
        run_team(&call, team);
        *mean = mean_loss(&call);
    }
    free(memory);
    free(team);
    return memory ? 0 : ENOMEM;
}
