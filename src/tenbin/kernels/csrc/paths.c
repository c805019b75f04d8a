/* The list of paths, and which of them this processor can run. */
#include "lce.h"

const struct lce_path *const lce_paths[] = {
#if defined(__x86_64__)
    &lce_avx512_fp32, &lce_avx2_fp32, &lce_amx_bf16, &lce_avx512_bf16,
#endif
    &lce_portable_fp32, &lce_portable_bf16, 0,
};

const struct lce_path *lce_best_fp32(void)
{
    const struct lce_path *const *path = lce_paths;
    while ((*path)->rounds_to_bf16 || !(*path)->supported())
        path++;
    return *path;
}

const char *lce_path_name(int path)
{
    return lce_paths[path] ? lce_paths[path]->name : 0;
}

int lce_path_supported(int path)
{
    return lce_paths[path]->supported();
}
