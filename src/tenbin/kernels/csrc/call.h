/* One call as its threads share it, and the steps it consists of. */
#ifndef TENBIN_CALL_H
#define TENBIN_CALL_H

#include <pthread.h>

#include "lce.h"

#define STEPS 8

struct call {
    struct lce_task task;
    const struct lce_path *path;
    float *hidden_norms, *weight_norms;
    float largest_weight;
    int any_lost;    /* there are rows whose loss is NaN */
    int64_t counted; /* rows that are not ignored */
    double mean;
    int threads;           /* the calling one among them */
    pthread_mutex_t start; /* held until all threads are there */
    pthread_barrier_t barrier;
    int64_t next[STEPS]; /* the item of each step to be taken next */
};

/* Work on items that threads take in chunks, of a multiple of `block`. No step begins before the last one's end. */
struct step {
    void (*run)(struct call *, int64_t first, int64_t last, void *scratch);
    int64_t items, block;
};

/* The steps of a call; those without items are left out. */
void list_steps(const struct call *call, struct step steps[STEPS]);

static inline int64_t round_up(int64_t value, int64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

#endif
