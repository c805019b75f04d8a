/* Attention for AVX-512. */
#if defined(__x86_64__)
#include "avx512.h"

#define PATH attention_avx512
#define NAME "avx512"

#include "attention_core.h"
#endif
