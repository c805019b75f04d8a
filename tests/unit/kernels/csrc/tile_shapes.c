/* Whether the shapes of AMX tiles are in memory when the processor is told to load them.

   A compiler may drop stores that it does not know to be read, and what emulates tiles by functions can't see it. So the
   path is run where the processor has no tiles: the instruction is caught, and what it would have loaded is looked at.

   Status 0 if all is well, 2 if this processor is no witness: it has tiles, or lacks what the path uses before them. */
#define _GNU_SOURCE /* names of registers */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "lce.h"

struct shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* General registers by the number that instructions have for them. */
static const int registers[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static int64_t displacement(const uint8_t *code, int kind)
{
    int32_t far;
    memcpy(&far, code, sizeof far);
    return kind == 0 ? 0 : kind == 1 ? (int8_t)*code : far;
}

/* The address in an instruction of the form VEX.W0 0F38 49 /0: SDM volume 2, sections 2.1.5 and 2.3.5. */
static const struct shapes *operand(const uint8_t *code, const greg_t *values)
{
    int kind = code[4] >> 6, base = code[4] & 7, index_high = code[1] & 0x40 ? 0 : 8, base_high = code[1] & 0x20 ? 0 : 8;
    if (kind == 0 && base == 5)
        return (const void *)(code + 9 + displacement(code + 5, 2));
    if (base != 4)
        return (const void *)(values[registers[base + base_high]] + displacement(code + 5, kind));
    int index = (code[5] >> 3 & 7) + index_high, has_base = kind || (code[5] & 7) != 5;
    int64_t address = index == 4 ? 0 : values[registers[index]] << (code[5] >> 6);
    address += has_base ? values[registers[(code[5] & 7) + base_high]] : 0;
    return (const void *)(address + displacement(code + 6, has_base ? kind : 2));
}

static void look(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    const greg_t *values = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)values[REG_RIP];
    int loads = code[0] == 0xc4 && (code[1] & 0x1f) == 2 && code[2] == 0x78 && code[3] == 0x49;
    if (!loads)
        _exit(2);
    const struct shapes *shapes = operand(code, values);
    int right = shapes->palette == 1;
    for (int tile = 0; right && tile < 8; tile++)
        right = shapes->rows[tile] == 16 && shapes->row_bytes[tile] == 64;
    _exit(!right);
}

static int find_path(const char *name)
{
    for (int path = 0; lce_path_name(path); path++)
        if (!strcmp(lce_path_name(path), name))
            return path;
    exit(3);
}

int main(void)
{
    static float hidden[64 * 64], weight[64 * 64], losses[64], hidden_gradient[64 * 64], weight_gradient[64 * 64];
    static int64_t targets[64];
    double mean;
    int path = find_path("amx-bf16");
    if (lce_path_supported(path))
        return 2;
    struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, 0);
    lce_run(path, 1, 64, 64, 64, hidden, weight, targets, losses, hidden_gradient, weight_gradient, &mean);
    return 4;
}
