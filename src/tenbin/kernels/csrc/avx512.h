/* AVX-512: 32 registers of 16 floats, of which 24 hold a tile. */
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define LANES 16
#define TILE 8
#define VECTORS 3
#define MAXIMUM(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define SUPPORTED has_avx512

static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
