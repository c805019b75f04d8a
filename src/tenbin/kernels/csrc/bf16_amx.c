/* bf16 on AMX: both products in tiles, exponentials between them in AVX-512 (Sapphire Rapids and later).

   32 x 32 logits are a block: four tiles of sums. A product of tiles takes 16 cycles but is started and forgotten, and
   a logit's exponential takes about a third of a cycle, so both units are kept busy by doing in one go, in turns,

       the logits of the next block | the powers of this one | a part of the products of the standing 32 before these

   Products of powers with moving items wait until a panel of powers is there, because their sums then need loading and
   storing once per panel; the part that is due is a share of the slices of 32 places.

   Counted, not measured, for a core that starts two 512-bit instructions a cycle: 22 of them a row of 32 logits, so 350
   cycles for a block's powers, against 64 for each 32 of the width in either product. Powers bound it up to a width of
   about 80, products beyond. */
#if defined(__x86_64__)
#include <math.h>

#include "bf16_amx.h"

#define LINE 64 /* bytes of a row of a tile */

/* Logits of a width of 16: tiles 4 and 5 are half ones. */
INLINE void multiply_narrow(struct turn *turn, const uint16_t *standing, const uint32_t *moving, enum mode mode)
{
    amx_load(4, standing, LINE / 2);
    amx_load(5, moving, LINE);
    amx_dot(0, 4, 5);
    amx_load(5, moving + HALF * 8, LINE);
    amx_dot(1, 4, 5);
    amx_load(4, standing + HALF * HALF, LINE / 2);
    amx_dot(3, 4, 5);
    amx_load(5, moving, LINE);
    amx_dot(2, 4, 5);
    keep_pace(turn, mode);
}

INLINE void multiply_wide(struct turn *turn, const uint16_t *standing, const uint32_t *moving, enum mode mode)
{
    int64_t width = turn->sweep->width;
    for (int64_t k = 0; k < width / 32; k++, standing += TILE_VALUES, moving += HALF * HALF) {
        amx_load(4, standing, LINE);
        amx_load(6, moving, LINE);
        amx_dot(0, 4, 6);
        amx_load(7, moving + HALF * width / 2, LINE);
        amx_dot(1, 4, 7);
        amx_load(5, standing + HALF * width, LINE);
        amx_dot(2, 5, 6);
        amx_dot(3, 5, 7);
        keep_pace(turn, mode);
    }
}

/* Logits of the block of this number. */
INLINE void multiply(struct turn *turn, int64_t number, enum mode mode, int narrow)
{
    struct bf16_sweep *sweep = turn->sweep;
    struct own *own = sweep->own;
    const uint16_t *standing = own->standing + number / turn->blocks * BLOCK * sweep->width;
    int64_t item = turn->first + number % turn->blocks * BLOCK;
    float *logits = own->logits[number & 1];
    amx_zero(0);
    amx_zero(1);
    amx_zero(2);
    amx_zero(3);
    if (narrow)
        multiply_narrow(turn, standing, sweep->across + item * 8, mode);
    else
        multiply_wide(turn, standing, sweep->across + item * sweep->width / 2, mode);
    amx_store(0, logits, 2 * LINE);
    amx_store(1, logits + HALF, 2 * LINE);
    amx_store(2, logits + HALF * BLOCK, 2 * LINE);
    amx_store(3, logits + HALF * BLOCK + HALF, 2 * LINE);
    keep_pace(turn, mode);
}

/* out of 32 standing items += their powers of this panel . moving items, at a width of 16 */
INLINE void gather_narrow(struct turn *turn, float *out, const uint16_t *powers, const uint32_t *along, enum mode mode)
{
    amx_load(0, out, LINE);
    amx_load(1, out + HALF * HALF, LINE);
    for (int block = 0; block < turn->blocks; block++, powers += 2 * TILE_VALUES, along += HALF * HALF) {
        amx_load(6, powers, LINE);
        amx_load(7, along, LINE);
        amx_dot(0, 6, 7);
        amx_load(6, powers + TILE_VALUES, LINE);
        amx_dot(1, 6, 7);
        keep_pace(turn, mode);
    }
    amx_store(0, out, LINE);
    amx_store(1, out + HALF * HALF, LINE);
}

/* The same at 32 places of a larger width. */
INLINE void gather_wide(struct turn *turn, float *out, const uint16_t *powers, const uint32_t *along, enum mode mode)
{
    int64_t width = turn->sweep->width, row_bytes = width * (int64_t)sizeof(float);
    amx_load(0, out, row_bytes);
    amx_load(1, out + HALF, row_bytes);
    amx_load(2, out + HALF * width, row_bytes);
    amx_load(3, out + HALF * width + HALF, row_bytes);
    for (int block = 0; block < turn->blocks; block++, powers += 2 * TILE_VALUES, along += HALF * width) {
        amx_load(4, powers, LINE);
        amx_load(6, along, LINE);
        amx_dot(0, 4, 6);
        amx_load(7, along + HALF * HALF, LINE);
        amx_dot(1, 4, 7);
        amx_load(5, powers + TILE_VALUES, LINE);
        amx_dot(2, 5, 6);
        amx_dot(3, 5, 7);
        keep_pace(turn, mode);
    }
    amx_store(0, out, row_bytes);
    amx_store(1, out + HALF, row_bytes);
    amx_store(2, out + HALF * width, row_bytes);
    amx_store(3, out + HALF * width + HALF, row_bytes);
}

/* The slices of 32 places that are due while block `number` of a panel is exponentiated: from this one on. */
static int64_t first_slice(const struct turn *turn, int64_t number)
{
    return (turn->sweep->width + 31) / 32 * number / turn->blocks;
}

INLINE void gather(struct turn *turn, int64_t standing, int64_t slice, enum mode mode, int narrow)
{
    struct bf16_sweep *sweep = turn->sweep;
    struct own *own = sweep->own;
    float *out = sweep->out + standing * BLOCK * sweep->width + slice * 32;
    const uint32_t *along = sweep->along + bf16_along_word(turn->first, slice * 32, sweep->width);
    if (narrow)
        gather_narrow(turn, out, own->powers[standing & 1], along, mode);
    else
        gather_wide(turn, out, own->powers[standing & 1], along, mode);
}

INLINE int multiplications(const struct turn *turn, int narrow)
{
    return 1 + (narrow ? 1 : (int)(turn->sweep->width / 32));
}

/* Make the powers of a block due: of the `standing`th 32 standing items and the panel's `block`th 32 moving ones. */
INLINE void owe_powers(struct turn *turn, int64_t standing, int block)
{
    struct own *own = turn->sweep->own;
    turn->part = 0;
    turn->block = block;
    turn->item = standing * BLOCK;
    turn->logits = own->logits[(standing * turn->blocks + block) & 1];
    turn->panel = own->powers[standing & 1];
}

/* Powers of a block; logits of the next, if there is one; a share of the products of the standing items before. */
INLINE void take_turn(struct turn *turn, int64_t standing, int block, enum mode mode, int narrow)
{
    int64_t count = turn->sweep->standing_items / BLOCK, next = standing * turn->blocks + block + 1;
    int64_t slice = first_slice(turn, block), end = first_slice(turn, block + 1);
    int multiplies = next < count * turn->blocks;
    if (standing == 0 || !turn->sweep->out)
        end = slice;
    turn->step = 0;
    turn->steps = (multiplies ? multiplications(turn, narrow) : 0) + (int)(end - slice) * turn->blocks;
    if (standing < count)
        owe_powers(turn, standing, block);
    if (multiplies)
        multiply(turn, next, mode, narrow);
    for (; slice < end; slice++)
        gather(turn, standing - 1, slice, mode, narrow);
    while (turn->part < PARTS)
        add_powers(turn, mode);
}

INLINE void take_turns(struct bf16_sweep *sweep, int64_t first, int count, enum mode mode, int narrow)
{
    struct turn turn = {.sweep = sweep, .first = first, .blocks = count / BLOCK, .part = PARTS};
    turn.steps = multiplications(&turn, narrow);
    multiply(&turn, 0, mode, narrow);
    for (int64_t standing = 0; standing <= sweep->standing_items / BLOCK; standing++)
        for (int block = 0; block < turn.blocks; block++)
            take_turn(&turn, standing, block, mode, narrow);
}

INLINE void add_panel_in_mode(struct bf16_sweep *sweep, int64_t first, int count, enum mode mode)
{
    if (sweep->width == HALF)
        take_turns(sweep, first, count, mode, 1);
    else
        take_turns(sweep, first, count, mode, 0);
}

TARGET static void add_panel(struct bf16_sweep *sweep, int64_t first, int count)
{
    if (sweep->limit < INFINITY)
        add_panel_in_mode(sweep, first, count, SHIFTED);
    else if (sweep->biased)
        add_panel_in_mode(sweep, first, count, BIASED);
    else
        add_panel_in_mode(sweep, first, count, PLAIN);
}

/* Tiles are 16 rows of 64 bytes, but for the logits' factors at a width of 16. */
TARGET static void shape_tiles(int narrow)
{
    struct amx_shapes shapes = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shapes.row_bytes[tile] = narrow && tile == 4 ? LINE / 2 : LINE;
        shapes.rows[tile] = narrow && tile == 5 ? HALF / 2 : HALF;
    }
    amx_shape(&shapes);
}

/* Words of 16 standing items at 32 (or 16) of their places, turned from [word][item] to [item][word]. */
static void turn_tile(uint32_t *restrict tile, const uint32_t *restrict across, int64_t words)
{
    for (int64_t item = 0; item < HALF; item++)
        for (int64_t word = 0; word < words; word++)
            tile[item * words + word] = across[word * HALF + item];
}

TARGET static void begin(struct bf16_sweep *sweep)
{
    struct own *own = sweep->own;
    int64_t words = sweep->width == HALF ? HALF / 2 : HALF, tile = words * HALF;
    for (int64_t word = 0; word < sweep->standing_items * sweep->width / 2; word += tile)
        turn_tile((uint32_t *)own->standing + word, sweep->standing + word, words);
    shape_tiles(sweep->width == HALF);
}

TARGET static void end(struct bf16_sweep *sweep)
{
    (void)sweep;
    amx_release();
}

static size_t own_bytes(int64_t width)
{
    return sizeof(struct own) + sizeof(uint16_t) * BF16_CHUNK * (size_t)width;
}

static const struct bf16_core core = {
    .block = BLOCK, .own_bytes = own_bytes, .begin = begin, .add_panel = add_panel, .end = end};

BF16_FUNCTIONS(core)

const struct lce_path lce_amx_bf16 = {
    .name = "amx-bf16",
    .supported = amx_permitted,
    .row_block = BLOCK,
    .column_block = BLOCK,
    BF16_FIELDS,
};
#endif
