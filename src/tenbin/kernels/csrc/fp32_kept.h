/* Powers of a chunk of rows, kept by the row sweep of fp32.h, and the gradient of weight that is summed from them.

       powers    e[word][row]           a block of words by a panel of rows, as the sweep makes them
       hidden    x[row][d]           =  hidden_row,d * scale / sum of the row's powers
       gradient  gradient[word][d]  +=  sum_row e[word][row] * x[row][d]  widths in lanes, a tile of registers at a time

   Sums of a panel of rows are made at a time and then added up, as in the sweeps. */
_Static_assert(BLOCK == LCE_KEPT_COLUMNS, "a share of columns must begin with a kept block");

static int fp32_fits(int64_t width)
{
    return width % LANES == 0;
}

/* Where the powers of a block of words and a panel of rows are kept: [word][row]. */
static vec *kept_block(const struct lce_task *task, int64_t word, int64_t row)
{
    int64_t panels = task->kept_rows / PANEL;
    return (vec *)task->kept_powers + (word / BLOCK * panels + row % task->kept_rows / PANEL) * BLOCK * VECTORS;
}

TARGET static void scale_kept(const struct lce_task *task, int64_t words, int64_t row, const vec factor[VECTORS])
{
    for (int64_t word = 0; word < words; word += BLOCK) {
        vec *powers = kept_block(task, word, row);
        for (int64_t i = 0; i < BLOCK * VECTORS; i++)
            powers[i] *= factor[i % VECTORS];
    }
}

/* kept_hidden[panel][d / LANES][row][d % LANES] = hidden_row,d * scale / sum of the row's powers; 0 where the row does
   not count, or is none. */
static void keep_hidden(const struct lce_task *task, int64_t first, int64_t items, const float inverse[PANEL])
{
    float *kept = (float *)task->kept_hidden + first % task->kept_rows * task->width;
    memset(kept, 0, (size_t)(PANEL * task->width) * sizeof(float));
    for (int64_t row = 0; row < items; row++) {
        const float *hidden = task->hidden + (first + row) * task->width;
        float share = task->targets[first + row] < 0 ? 0.0f : inverse[row] * task->scale;
        for (int64_t d = 0; d < task->width; d++)
            kept[(d / LANES * PANEL + row) * LANES + d % LANES] = hidden[d] * share;
    }
}

/* out[i][j] += sum_row powers[i][row] * hidden[row][j] over a panel of rows, for some words and vectors of widths. */
INLINE void add_tile(float *out, int64_t width, const float *powers, const float *hidden, int words, int vectors)
{
    vec sums[TILE][VECTORS], old;
    for (int i = 0; i < words; i++)
        for (int j = 0; j < vectors; j++)
            sums[i][j] = (vec){0};
    for (int row = 0; row < PANEL; row++, powers++, hidden += LANES) {
        vec x[VECTORS];
        for (int j = 0; j < vectors; j++)
            x[j] = *(const vec *)(hidden + j * PANEL * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < words; i++)
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++)
                sums[i][j] += x[j] * powers[i * PANEL];
    }
    for (int i = 0; i < words; i++)
        for (int j = 0; j < vectors; j++) {
            memcpy(&old, out + i * width + j * LANES, sizeof old);
            old += sums[i][j];
            memcpy(out + i * width + j * LANES, &old, sizeof old);
        }
}

INLINE void add_words(float *out, int64_t width, const float *powers, const float *hidden, int words)
{
    int64_t d = 0;
    for (; d + PANEL <= width; d += PANEL)
        add_tile(out + d, width, powers, hidden + d * PANEL, words, VECTORS);
    for (; d < width; d += LANES)
        add_tile(out + d, width, powers, hidden + d * PANEL, words, 1);
}

TARGET static void fp32_add_columns(const struct lce_task *task, int64_t chunk, int64_t first, int64_t last,
                                    void *scratch)
{
    (void)scratch;
    int64_t width = task->width, end = smaller(chunk + task->kept_rows, task->rows);
    for (int64_t block = first; block < last; block += BLOCK)
        for (int64_t row = chunk; row < end; row += PANEL) {
            const float *powers = (const float *)kept_block(task, block, row);
            const float *hidden = (const float *)task->kept_hidden + (row - chunk) * width;
            int64_t word = block, words_end = smaller(block + BLOCK, last);
            for (; word + TILE <= words_end; word += TILE, powers += TILE * PANEL)
                add_words(task->weight_gradient + word * width, width, powers, hidden, TILE);
            for (; word < words_end; word++, powers += PANEL)
                add_words(task->weight_gradient + word * width, width, powers, hidden, 1);
        }
}
