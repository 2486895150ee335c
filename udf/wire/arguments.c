#include "wire/arguments.h"

#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

_Static_assert(STREAM_PADDING >= JSON_PADDING, "messages are parsed where the input holds them");

#define SIZE_BYTES 10   /* most bytes of a LEB128 number */
#define NAME_MOST 65536 /* bytes of a column's name or type in Native */
#define HELD_KEEP ((size_t)1 << 20)
#define HELD_HUGE UINT64_MAX /* size of a held argument that was not taken */

void arguments_open(struct arguments *arguments, enum format format, size_t count, uint64_t most,
                    struct input *in)
{
    *arguments = (struct arguments){.format = format, .count = count, .most = most, .in = in};
}

void arguments_close(struct arguments *arguments)
{
    free(arguments->held.data);
}

static enum next fail(struct arguments *arguments, const char *problem)
{
    snprintf(arguments->problem, sizeof arguments->problem, "%s", problem);
    return NEXT_FAILED;
}

/* What a fill that did not succeed means in the middle of a row. */
static enum next broken(struct arguments *arguments, enum input_result result)
{
    if (result == INPUT_END)
        return fail(arguments, "the input ends in the middle of a row");
    if (result == INPUT_NO_MEMORY)
        return fail(arguments, "out of memory");
    return NEXT_FAILED;
}

/* Reads the LEB128 number `*offset` bytes behind the input's next one and moves *offset behind it. Nothing is
 * taken. */
static enum next read_size(struct arguments *arguments, size_t *offset, uint64_t *size)
{
    *size = 0;
    for (unsigned i = 0; i < SIZE_BYTES; i++) {
        enum input_result result = input_need(arguments->in, *offset + 1);
        if (result != INPUT_OK)
            return broken(arguments, result);
        uint64_t byte = (unsigned char)input_data(arguments->in)[(*offset)++];
        if (i == SIZE_BYTES - 1 && byte > 1)
            break;
        *size |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80)
            return NEXT_ROW;
    }
    return fail(arguments, "the input is not in this format: a length has more than 64 bits");
}

/* NEXT_END at the end of input. */
static enum next at_start(struct arguments *arguments)
{
    switch (input_need(arguments->in, 1)) {
    case INPUT_OK:
        return NEXT_ROW;
    case INPUT_END:
        return NEXT_END;
    case INPUT_NO_MEMORY:
        return fail(arguments, "out of memory");
    case INPUT_FAILED:
        break;
    }
    return NEXT_FAILED;
}

/* Makes a length and its bytes be there, `*offset` behind the input's next byte; *start is where the bytes
 * begin. NEXT_HUGE where they are not to be had: all before them is then taken. */
static enum next read_string(struct arguments *arguments, size_t *offset, size_t *start, uint64_t *size)
{
    enum next next = read_size(arguments, offset, size);
    if (next != NEXT_ROW)
        return next;
    *start = *offset;
    enum input_result result = INPUT_NO_MEMORY;
    bool too_long = *size > arguments->most;
    if (!too_long)
        result = input_need(arguments->in, *offset + *size);
    if (result == INPUT_OK) {
        *offset += *size;
        return NEXT_ROW;
    }
    if (result != INPUT_NO_MEMORY)
        return broken(arguments, result);
    input_take(arguments->in, *offset);
    arguments->no_memory = !too_long;
    arguments->huge_size = *size;
    return NEXT_HUGE;
}

/* `count` strings in a row, starting at the argument number `first`. */
static enum next read_strings(struct arguments *arguments, struct text *texts, size_t first)
{
    size_t start[FUNCTION_ARGUMENTS] = {0}, offset = 0;
    uint64_t size[FUNCTION_ARGUMENTS] = {0};
    for (size_t i = first; i < arguments->count; i++) {
        enum next next = read_string(arguments, &offset, &start[i], &size[i]);
        arguments->huge_index = i;
        if (next != NEXT_ROW)
            return next;
    }
    for (size_t i = first; i < arguments->count; i++)
        texts[i] = (struct text){input_data(arguments->in) + start[i], size[i]};
    arguments->row_size = offset;
    return NEXT_ROW;
}

static enum next skip_string(struct arguments *arguments)
{
    size_t offset = 0;
    uint64_t size;
    enum next next = read_size(arguments, &offset, &size);
    if (next != NEXT_ROW)
        return next;
    input_take(arguments->in, offset);
    enum input_result result = input_pass(arguments->in, size, NULL);
    return result == INPUT_OK ? NEXT_ROW : broken(arguments, result);
}

/* RowBinary: the rest of a row whose argument huge_index is huge. */
static enum next drain_strings(struct arguments *arguments, struct output *out)
{
    enum input_result result = input_pass(arguments->in, arguments->huge_size, out);
    if (result != INPUT_OK)
        return broken(arguments, result);
    for (size_t i = arguments->huge_index + 1; i < arguments->count; i++) {
        enum next next = skip_string(arguments);
        if (next != NEXT_ROW)
            return next;
    }
    return NEXT_ROW;
}

static enum next next_line(struct arguments *arguments, struct text *text)
{
    struct input *in = arguments->in;
    size_t searched = 0;
    for (;;) {
        const char *data = input_data(in);
        size_t size = input_size(in);
        const char *end = size > searched ? memchr(data + searched, '\n', size - searched) : NULL;
        searched = end ? (size_t)(end - data) : size;
        arguments->no_memory = false;
        arguments->huge_size = 0;
        if (searched > arguments->most)
            return NEXT_HUGE;
        enum input_result result = end ? INPUT_OK : input_need(in, size + 1);
        if (end || (result == INPUT_END && size > 0)) {
            *text = (struct text){input_data(in), searched};
            arguments->row_size = searched + (end != NULL);
            return NEXT_ROW;
        }
        if (result == INPUT_END)
            return NEXT_END;
        if (result == INPUT_FAILED)
            return NEXT_FAILED;
        if (result == INPUT_NO_MEMORY) {
            arguments->no_memory = true;
            return NEXT_HUGE;
        }
    }
}

static enum next drain_line(struct arguments *arguments, struct output *out)
{
    struct input *in = arguments->in;
    for (;;) {
        enum input_result result = input_need(in, 1);
        if (result == INPUT_END)
            return NEXT_ROW;
        if (result != INPUT_OK)
            return broken(arguments, result);
        const char *data = input_data(in);
        size_t there = input_size(in);
        const char *end = memchr(data, '\n', there);
        size_t size = end ? (size_t)(end - data) : there;
        if (out)
            output_put(out, data, size);
        arguments->huge_size += size;
        input_take(in, size + (end != NULL));
        if (end)
            return NEXT_ROW;
    }
}

/* A column's name and type, for String is the only type that can be read. */
static enum next read_column_header(struct arguments *arguments)
{
    uint64_t most = arguments->most;
    arguments->most = NAME_MOST;
    size_t offset = 0, name, type;
    uint64_t name_size, type_size;
    enum next next = read_string(arguments, &offset, &name, &name_size);
    if (next == NEXT_ROW)
        next = read_string(arguments, &offset, &type, &type_size);
    arguments->most = most;
    if (next == NEXT_HUGE)
        return fail(arguments, "the input is not in Native format: a column's name or type is too long");
    if (next != NEXT_ROW)
        return next;
    const char *data = input_data(arguments->in);
    if (!text_equal((struct text){data + type, type_size}, TEXT("String"))) {
        snprintf(arguments->problem, sizeof arguments->problem,
                 "the argument %.*s is of type %.*s: pass a String (toString, assumeNotNull)",
                 (int)text_cut((struct text){data + name, name_size}, 40).size, data + name,
                 (int)text_cut((struct text){data + type, type_size}, 40).size, data + type);
        return NEXT_FAILED;
    }
    input_take(arguments->in, offset);
    return NEXT_ROW;
}

/* Adds a size and the input's next `size` bytes, which are there, to the held column; false where memory is
 * refused. */
static bool hold(struct held *held, uint64_t mark, const char *data, size_t size)
{
    size_t need = held->size + sizeof mark + size + STREAM_PADDING;
    if (need > held->capacity) {
        size_t capacity = held->capacity ? held->capacity : HELD_KEEP;
        while (capacity < need)
            capacity *= 2;
        char *grown = realloc(held->data, capacity);
        if (!grown)
            return false;
        held->data = grown;
        held->capacity = capacity;
    }
    memcpy(held->data + held->size, &mark, sizeof mark);
    if (size > 0)
        memcpy(held->data + held->size + sizeof mark, data, size);
    held->size += sizeof mark + size;
    memset(held->data + held->size, 0, STREAM_PADDING);
    return true;
}

static enum next hold_column(struct arguments *arguments, uint64_t rows)
{
    struct held *held = &arguments->held;
    if (held->capacity > HELD_KEEP) {
        free(held->data);
        *held = (struct held){.data = NULL};
    }
    held->size = held->next = 0;
    for (uint64_t i = 0; i < rows; i++) {
        size_t offset = 0, start;
        uint64_t size;
        enum next next = read_string(arguments, &offset, &start, &size);
        if (next == NEXT_FAILED)
            return next;
        bool taken = next == NEXT_ROW && hold(held, size, input_data(arguments->in) + start, size);
        if (next == NEXT_ROW)
            input_take(arguments->in, offset);
        else if (input_pass(arguments->in, size, NULL) != INPUT_OK)
            return broken(arguments, INPUT_END);
        if (!taken && !hold(held, HELD_HUGE, NULL, 0))
            return fail(arguments, "out of memory");
    }
    return NEXT_ROW;
}

/* A block's dimensions and its columns up to the one that is read row by row. */
static enum next read_block_header(struct arguments *arguments)
{
    uint64_t columns, rows;
    size_t offset = 0;
    enum next next = read_size(arguments, &offset, &columns);
    if (next == NEXT_ROW)
        next = read_size(arguments, &offset, &rows);
    if (next != NEXT_ROW)
        return next;
    input_take(arguments->in, offset);
    arguments->rows_left = 0;
    if (columns == 0 && rows == 0)
        return NEXT_ROW;
    if (columns != arguments->count) {
        snprintf(arguments->problem, sizeof arguments->problem,
                 "a Native block has %llu columns, but this function has %zu argument%s",
                 (unsigned long long)columns, arguments->count, arguments->count == 1 ? "" : "s");
        return NEXT_FAILED;
    }
    for (size_t i = 0; i < arguments->count; i++) {
        next = read_column_header(arguments);
        if (next == NEXT_ROW && i + 1 < arguments->count)
            next = hold_column(arguments, rows);
        if (next != NEXT_ROW)
            return next;
    }
    arguments->rows_left = rows;
    return NEXT_ROW;
}

/* The first of two arguments, from the held column; false where it was huge. */
static bool next_held(struct held *held, struct text *text)
{
    uint64_t size;
    memcpy(&size, held->data + held->next, sizeof size);
    held->next += sizeof size;
    if (size == HELD_HUGE)
        return false;
    *text = (struct text){held->data + held->next, size};
    held->next += size;
    return true;
}

static enum next next_native(struct arguments *arguments, struct text *texts)
{
    while (arguments->rows_left == 0) {
        enum next next = at_start(arguments);
        if (next == NEXT_ROW)
            next = read_block_header(arguments);
        if (next != NEXT_ROW)
            return next;
    }
    arguments->block_ended = --arguments->rows_left == 0;
    bool taken = arguments->count == 1 || next_held(&arguments->held, &texts[0]);
    enum next next = read_strings(arguments, texts, arguments->count - 1);
    if (next == NEXT_ROW && !taken) {
        input_take(arguments->in, arguments->row_size);
        arguments->row_size = 0;
        arguments->huge_size = 0;
        return NEXT_HUGE;
    }
    return next;
}

enum next arguments_next(struct arguments *arguments, struct text texts[FUNCTION_ARGUMENTS])
{
    input_take(arguments->in, arguments->row_size);
    arguments->row_size = 0;
    if (arguments->format == FORMAT_LINE)
        return next_line(arguments, texts);
    if (arguments->format == FORMAT_NATIVE)
        return next_native(arguments, texts);
    enum next next = at_start(arguments);
    return next == NEXT_ROW ? read_strings(arguments, texts, 0) : next;
}

enum next arguments_drain(struct arguments *arguments, struct output *out)
{
    return arguments->format == FORMAT_LINE ? drain_line(arguments, out) : drain_strings(arguments, out);
}
