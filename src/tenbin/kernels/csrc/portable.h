/* What every processor of a family has: SSE2 on x86-64, NEON on aarch64, else plain C. */
#define TARGET
#define LANES 4
#define SUPPORTED always

#if defined(__SSE2__)
#include <emmintrin.h>
/* 16 registers, and a product needs one of its own where there is no fused multiply-add. */
#define TILE 4
#define VECTORS 2
#define MAXIMUM(a, b) ((vec)_mm_max_ps((__m128)(a), (__m128)(b)))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define TILE 8
#define VECTORS 3
#define MAXIMUM(a, b) ((vec)vmaxq_f32((float32x4_t)(a), (float32x4_t)(b)))
#else
#define TILE 4
#define VECTORS 2
#define MAXIMUM(a, b) ((vec)(((words)(a) & ((a) > (b))) | ((words)(b) & ~((a) > (b)))))
#endif

static int always(void)
{
    return 1;
}
