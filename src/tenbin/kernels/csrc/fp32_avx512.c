/* The fp32 core for AVX-512. */
#if defined(__x86_64__)
#include "avx512.h"

#define PATH lce_avx512_fp32
#define NAME "avx512-fp32"

#include "fp32.h"
#endif
