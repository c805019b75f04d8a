/* Attention for Python: every head of every sequence, shared out among threads. */
#include "attention.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct call {
    struct attention_task task;
    const struct attention_path *path;
    int64_t next; /* the head to be taken next */
};

struct worker {
    struct call *call;
    char *scratch;
    pthread_t thread;
};

static const struct attention_path *const paths[] = {
#if defined(__x86_64__)
    &attention_avx512,
    &attention_avx2,
#endif
    &attention_portable,
    0,
};

const char *attention_path_name(int path)
{
    return paths[path] ? paths[path]->name : 0;
}

int attention_path_supported(int path)
{
    return paths[path]->supported();
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct call *call = worker->call;
    const struct attention_task *task = &call->task;
    void (*run)(const struct attention_task *, int64_t, int64_t, void *) =
        task->fused_gradient ? call->path->backward : call->path->forward;
    int64_t head;
    while ((head = __atomic_fetch_add(&call->next, 1, __ATOMIC_RELAXED)) < task->batch * task->heads)
        run(task, head / task->heads, head % task->heads, worker->scratch);
    return 0;
}

/* Work on as many of the threads as the system gives: fewer give the same bits. */
static void run_team(struct worker *team, int threads)
{
    int started = 1;
    while (started < threads && !pthread_create(&team[started].thread, 0, work, &team[started]))
        started++;
    work(&team[0]);
    for (int i = 1; i < started; i++)
        pthread_join(team[i].thread, 0);
}

int attention_run(int path, int threads, int64_t batch, int64_t positions, int64_t heads, int64_t head_size,
                  int64_t rotary_width, const float *fused, const float *rotation, float *output, float *log_sums,
                  const float *output_gradient, float *fused_gradient)
{
    struct call call = {
        .task = {batch, positions, heads, head_size, rotary_width, fused, rotation, output, log_sums, output_gradient,
                 fused_gradient},
        .path = paths[path],
    };
    int useful = threads < 1 ? 1 : threads < batch * heads ? threads : (int)(batch * heads);
    size_t bytes = call.path->scratch_bytes(&call.task);
    struct worker *team = calloc((size_t)useful, sizeof *team);
    char *memory = team ? aligned_alloc(64, bytes * (size_t)useful) : 0;
    if (memory) {
        memset(memory, 0, bytes * (size_t)useful);
        for (int i = 0; i < useful; i++)
            team[i] = (struct worker){.call = &call, .scratch = memory + (size_t)i * bytes};
        run_team(team, useful);
    }
    free(memory);
    free(team);
    return memory ? 0 : ENOMEM;
}
