/* AMX for the bf16 core: the system's permission, the shapes of tiles, and the instructions on them and between them.

   A tile is a register of 16 rows of 64 bytes. amx_dot(sums, left, right) adds to the 16 x 16 float32 of `sums` the
   products of `left`, 16 rows of up to 16 pairs of bf16, with `right`, as many rows as those pairs, of 16 pairs each.
   Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volumes 1 (chapter on AMX) and 2.

   With TENBIN_EMULATE_AMX the instructions are functions of the tests, for processors that have none: amx_emulator.h is
   then looked for where the compiler is told to. */
#ifndef TENBIN_AMX_H
#define TENBIN_AMX_H

#include <stdint.h>

struct amx_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

#ifdef TENBIN_EMULATE_AMX
#include "amx_emulator.h"
#else

#include <immintrin.h>

/* Of all functions that use tiles, or what goes on between them. */
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")))

/* The compiler does not know that tiles are loaded from memory that it writes: the empty asm keeps it from moving
   stores past a load. Tile numbers are constants. */
#define amx_fence() __asm__ volatile("" ::: "memory")
/* In place of _tile_loadconfig, of which GCC believes that it reads 8 bytes: it drops the stores of the others. */
#define amx_shape(shapes) __asm__ volatile("ldtilecfg %0" ::"m"(*(const struct amx_shapes *)(shapes)))
#define amx_release() _tile_release()
#define amx_zero(tile) _tile_zero(tile)
#define amx_load(tile, base, row_bytes) \
    do { \
        amx_fence(); \
        _tile_loadd(tile, base, row_bytes); \
    } while (0)
#define amx_store(tile, base, row_bytes) \
    do { \
        _tile_stored(tile, base, row_bytes); \
        amx_fence(); \
    } while (0)
#define amx_dot(sums, left, right) _tile_dpbf16ps(sums, left, right)

#ifdef __linux__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AMX_IN_CPUID (1u << 24 | 1u << 22) /* tiles, and their products in bf16: leaf 7, EDX */
#define AMX_STATES (3u << 17)              /* tile shapes and tile data, in XCR0 */
#define AMX_REQUEST_PERMISSION 0x1023      /* ARCH_REQ_XCOMP_PERM of arch_prctl */
#define AMX_TILE_DATA 18                   /* what it is asked for */

__attribute__((target("xsave"))) static inline int amx_system_saves_tiles(void)
{
    return (_xgetbv(0) & AMX_STATES) == AMX_STATES;
}

static inline int amx_in_processor(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_IN_CPUID) == AMX_IN_CPUID
           && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
           && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
           && __builtin_cpu_supports("avx512bf16");
}

/* Whether processor and system have what TARGET says; asks for this process's permission to use tiles, which threads
   and forked children inherit. */
static inline int amx_permitted(void)
{
    return amx_in_processor() && amx_system_saves_tiles()
           && !syscall(SYS_arch_prctl, AMX_REQUEST_PERMISSION, AMX_TILE_DATA);
}
#else
static inline int amx_permitted(void)
{
    return 0;
}
#endif

#endif
#endif
