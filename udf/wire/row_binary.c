/* RowBinary: a row's values one after the other, a String as its length and its bytes. */
#include "wire/binary.h"

static enum next read_row(struct arguments *arguments, struct text *texts)
{
    enum next next = binary_start(arguments);
    return next == NEXT_ROW ? binary_read_strings(arguments, texts, 0) : next;
}

static bool open(struct results *results)
{
    struct binary *binary = results->state = arena_alloc(&results->arena, sizeof *binary);
    return binary && binary_open(results, binary);
}

static void add(struct results *results, const struct answer *answer)
{
    const struct binary *binary = results->state;
    char *at = output_room(results->out, binary->row_limit);
    output_filled(results->out, binary_put_answer(results, at, answer, false));
}

static void begin_string(struct results *results, uint64_t size)
{
    char *at = output_room(results->out, LENGTH_SIZE);
    output_filled(results->out, put_length(at, size));
}

const struct format format_row_binary = {
    .name = "RowBinary",
    .argument_limit = FUNCTION_ARGUMENTS,
    .next = read_row,
    .drain = binary_drain,
    .results_open = open,
    .add = add,
    .begin_string = begin_string,
};
