/* One call as its threads share it, and the steps it consists of. */
#ifndef TENBIN_CALL_H
#define TENBIN_CALL_H

#include <pthread.h>

#include "lce.h"

struct call {
    struct lce_task task;
    const struct lce_path *path;
    float *hidden_norms, *weight_norms;
    float largest_weight;
    int any_lost;    /* there are rows whose loss is NaN */
    int64_t counted;       /* rows that are not ignored */
    int64_t chunk_rows;    /* rows between whose two sweeps no others are swept: all, unless powers are kept */
    int threads;           /* the calling one among them */
    pthread_mutex_t start; /* held until all threads are there */
    pthread_barrier_t barrier;
    int64_t *next;         /* [count_steps] items of each step that have been taken */
};

/* What a thread takes of a step: items [first, last), in steps that sweep a chunk of rows those of the chunk. */
struct share {
    int64_t first, last;
    int64_t chunk; /* the chunk's first row */
    void *scratch;
};

/* Work on items [first, last) that threads share out, by multiples of `block`. No step begins before the last one's
   end. */
struct step {
    void (*run)(struct call *, const struct share *);
    int64_t first, last, block;
    int64_t chunk;
};

int64_t count_steps(const struct call *call);
/* The step of this number; one without items is left out. */
struct step choose_step(const struct call *call, int64_t number);

static inline int64_t round_up(int64_t value, int64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

#endif
