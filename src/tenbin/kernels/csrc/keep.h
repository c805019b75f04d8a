/* How many rows' powers a call keeps between its sweeps: see keep.c. */
#ifndef TENBIN_KEEP_H
#define TENBIN_KEEP_H

#include "lce.h"

/* Rows of a chunk; 0 where powers are better made twice. Of the shape and the path alone, never of threads: sums of
   columns are made chunk by chunk, so that it decides bits. */
int64_t choose_kept_rows(const struct lce_path *path, const struct lce_task *task);
/* Memory of what task->kept_rows leave. */
int64_t kept_power_bytes(const struct lce_path *path, const struct lce_task *task);
int64_t kept_hidden_bytes(const struct lce_path *path, const struct lce_task *task);

#endif
