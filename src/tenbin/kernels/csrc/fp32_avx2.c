/* The fp32 core for AVX2 with FMA. */
#if defined(__x86_64__)
#include "avx2.h"

#define PATH lce_avx2_fp32
#define NAME "avx2-fp32"

#include "fp32.h"
#endif
