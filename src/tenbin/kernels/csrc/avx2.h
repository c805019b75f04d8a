/* AVX2 with FMA: 16 registers of 8 floats, of which 12 hold a tile. */
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define TILE 4
#define VECTORS 3
#define MAXIMUM(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define SUPPORTED has_avx2

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
