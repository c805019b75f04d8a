/* Causal attention: what Python calls, and what the cores for several processors offer. */
#ifndef TENBIN_ATTENTION_H
#define TENBIN_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"

#define LOG2_E 1.44269504088896340736
#define LN_2 0.693147180559945309417

/* One call. Only backward has gradients. */
struct attention_task {
    int64_t batch, positions, heads, head_size, rotary_width;
    const float *fused;     /* [batch, positions, heads, (q, k, v), head_size], not turned yet */
    const float *rotation;  /* [(cosine, sine), positions, rotary_width / 2] */
    float *output;          /* [batch, positions, heads, head_size] */
    float *log_sums;        /* [batch, heads, positions] of each query's 2^scores, base 2 */
    const float *output_gradient;
    float *fused_gradient;
};

/* A core for one kind of processor. Scratch memory is a thread's, 64-byte aligned and zero before its first use. */
struct attention_path {
    const char *name; /* such as "avx512" */
    int (*supported)(void);
    size_t (*scratch_bytes)(const struct attention_task *);
    void (*forward)(const struct attention_task *, int64_t sequence, int64_t head, void *scratch);
    void (*backward)(const struct attention_task *, int64_t sequence, int64_t head, void *scratch);
};

extern const struct attention_path attention_avx512, attention_avx2, attention_portable;

/* Name of the path of this number, best first, NULL behind the last. */
EXPORT const char *attention_path_name(int path);
EXPORT int attention_path_supported(int path);

/* Forward, or backward if fused_gradient is not NULL. Returns 0, or ENOMEM if memory is not to be had. */
EXPORT int attention_run(int path, int threads, int64_t batch, int64_t positions, int64_t heads, int64_t head_size,
                         int64_t rotary_width, const float *fused, const float *rotation, float *output,
                         float *log_sums, const float *output_gradient, float *fused_gradient);

#endif
