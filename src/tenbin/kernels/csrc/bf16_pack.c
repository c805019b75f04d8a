/* Rounds the inputs of the bf16 cores and lays them out as bf16_pack.h says. Plain C: some hundredths of a call. */
#include "bf16_pack.h"

static uint32_t high_half(float value)
{
    union { float value; uint32_t bits; } word = {lce_round_to_bf16(value)};
    return word.bits >> 16;
}

static void pack_across(uint32_t *restrict words, const float *restrict item, int64_t width)
{
    for (int64_t word = 0; word < width / 2; word++)
        words[word * 16] = high_half(item[2 * word]) | high_half(item[2 * word + 1]) << 16;
    if (width % 2)
        words[width / 2 * 16] = high_half(item[width - 1]);
}

/* Up to 16 places of a pair of items. */
static void pack_places(uint32_t *restrict words, const float *restrict first, const float *restrict second,
                        int64_t places)
{
    for (int64_t place = 0; place < places; place++)
        words[place] = high_half(first[place]) | high_half(second[place]) << 16;
}

static void pack_along(uint32_t *words, const float *first, const float *second, int64_t width)
{
    for (; width > 16; width -= 16, words += 256, first += 16, second += 16)
        pack_places(words, first, second, 16);
    pack_places(words, first, second, width);
}

/* The last item of an odd number of them. */
static void pack_alone(uint32_t *words, const float *item, int64_t width)
{
    for (int64_t place = 0; place < width; place++)
        words[place / 16 * 256 + place % 16] = high_half(item[place]);
}

static void pack(void *packed, const float *items, int64_t count, int64_t width, int64_t first, int64_t last)
{
    int64_t padded = bf16_padded_width(width);
    uint32_t *across = packed, *along = across + bf16_words(count, width);
    for (int64_t i = first; i < last; i++)
        pack_across(across + i / 16 * 16 * padded / 2 + i % 16, items + i * width, width);
    for (int64_t i = first; i + 1 < last; i += 2)
        pack_along(along + bf16_along_word(i, 0, padded), items + i * width, items + (i + 1) * width, width);
    if (last % 2)
        pack_alone(along + bf16_along_word(last - 1, 0, padded), items + (last - 1) * width, width);
}

size_t bf16_packed_bytes(int64_t items, int64_t width)
{
    return 2 * sizeof(uint32_t) * (size_t)bf16_words(items, width);
}

void bf16_pack_hidden(const struct lce_task *task, int64_t first, int64_t last)
{
    pack(task->packed_hidden, task->hidden, task->rows, task->width, first, last);
}

void bf16_pack_weight(const struct lce_task *task, int64_t first, int64_t last)
{
    pack(task->packed_weight, task->weight, task->vocabulary, task->width, first, last);
}
