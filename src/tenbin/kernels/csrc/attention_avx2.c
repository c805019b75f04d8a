/* Attention for AVX2. */
#if defined(__x86_64__)
#include "avx2.h"

#define PATH attention_avx2
#define NAME "avx2"

#include "attention_core.h"
#endif
