/* Native: blocks of columns. A block is the number of its columns and of its rows, then for each column its name, its type and
 * its streams; a Tuple's columns follow one another. */
#include <stdio.h>
#include <stdlib.h>

#include "wire/arrays.h"

/* ---- Arguments ----------------------------------------------------------------------------------------- */

#define NAME_LIMIT 65536 /* bytes of a column's name or type */
#define BUFFER_KEEP ((size_t)1 << 20)
#define STRING_CODE 0x15     /* String, where the server writes types in binary */
#define NOT_TAKEN UINT64_MAX /* the length of a buffered String that was not taken */

/* The last column of a block is read row by row where it stands. The one before it, if there is one, is buffered: for each row its
 * length in 8 bytes, and its bytes. */
_Static_assert(FUNCTION_ARGUMENTS == 2, "one column of a block is buffered");
struct buffer {
    char *data;
    size_t size, capacity, next;
};

struct block {
    uint64_t rows_left;
    struct buffer buffer;
};

static bool open_arguments(struct arguments *arguments)
{
    arguments->state = calloc(1, sizeof(struct block));
    return arguments->state != NULL;
}

static void close_arguments(struct arguments *arguments)
{
    struct block *block = arguments->state;
    if (block)
        free(block->buffer.data);
    free(block);
}

/* A column's name and type, for String is the only type that can be read. */
static enum next read_column_header(struct arguments *arguments)
{
    uint64_t limit = arguments->limit;
    arguments->limit = NAME_LIMIT;
    size_t offset = 0, name, type;
    uint64_t name_size, type_size;
    enum next next = binary_read_string(arguments, &offset, &name, &name_size);
    size_t peeked = offset;
    /* Its code would be taken for a length, and the program would wait for bytes that do not come. */
    if (next == NEXT_ROW && binary_read_length(arguments, &peeked, &type_size) == NEXT_ROW &&
        type_size == STRING_CODE) {
        arguments->limit = limit;
        return arguments_fail(arguments, "the types of arguments are in binary: set "
                                         "output_format_native_encode_types_in_binary_format to 0");
    }
    if (next == NEXT_ROW)
        next = binary_read_string(arguments, &offset, &type, &type_size);
    arguments->limit = limit;
    if (next == NEXT_HUGE)
        return arguments_fail(arguments,
                              "the input is not in Native format: a column's name or type is too long");
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

/* Adds a length and as many bytes; false if memory is refused. */
static bool buffer_add(struct buffer *buffer, uint64_t length, const char *data, size_t size)
{
    size_t need = buffer->size + sizeof length + size + STREAM_PADDING;
    if (need > buffer->capacity || !buffer->data) {
        size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_KEEP;
        while (capacity < need)
            capacity *= 2;
        char *grown = realloc(buffer->data, capacity);
        if (!grown)
            return false;
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, &length, sizeof length);
    if (size > 0)
        memcpy(buffer->data + buffer->size + sizeof length, data, size);
    buffer->size += sizeof length + size;
    memset(buffer->data + buffer->size, 0, STREAM_PADDING);
    return true;
}

/* The next row's String; false if it was not taken. */
static bool buffer_next(struct buffer *buffer, struct text *text)
{
    uint64_t length;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): where there is a next row, buffer_add has made room */
    memcpy(&length, buffer->data + buffer->next, sizeof length);
    buffer->next += sizeof length;
    if (length == NOT_TAKEN)
        return false;
    *text = (struct text){buffer->data + buffer->next, length};
    buffer->next += length;
    return true;
}

static enum next buffer_column(struct arguments *arguments, struct buffer *buffer, uint64_t rows)
{
    if (buffer->capacity > BUFFER_KEEP) {
        free(buffer->data);
        *buffer = (struct buffer){.data = NULL};
    }
    buffer->size = buffer->next = 0;
    for (uint64_t i = 0; i < rows; i++) {
        size_t offset = 0, start;
        uint64_t length;
        enum next next = binary_read_string(arguments, &offset, &start, &length);
        if (next == NEXT_FAILED)
            return next;
        bool taken =
            next == NEXT_ROW && buffer_add(buffer, length, input_data(arguments->in) + start, length);
        if (next == NEXT_ROW)
            input_take(arguments->in, offset);
        else if (input_pass(arguments->in, length, NULL) != INPUT_OK)
            return arguments_broken(arguments, INPUT_END);
        if (!taken && !buffer_add(buffer, NOT_TAKEN, NULL, 0))
            return arguments_fail(arguments, "out of memory");
    }
    return NEXT_ROW;
}

/* A block's dimensions and its columns up to the one that is read row by row. */
static enum next read_block_header(struct arguments *arguments, struct block *block)
{
    uint64_t columns, rows;
    size_t offset = 0;
    enum next next = binary_read_length(arguments, &offset, &columns);
    if (next == NEXT_ROW)
        next = binary_read_length(arguments, &offset, &rows);
    if (next != NEXT_ROW)
        return next;
    input_take(arguments->in, offset);
    block->rows_left = 0;
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
            next = buffer_column(arguments, &block->buffer, rows);
        if (next != NEXT_ROW)
            return next;
    }
    block->rows_left = rows;
    return NEXT_ROW;
}

static enum next read_row(struct arguments *arguments, struct text *texts)
{
    struct block *block = arguments->state;
    while (block->rows_left == 0) {
        enum next next = binary_start(arguments);
        if (next == NEXT_ROW)
            next = read_block_header(arguments, block);
        if (next != NEXT_ROW)
            return next;
    }
    arguments->in_block = true;
    bool taken = arguments->count == 1 || buffer_next(&block->buffer, &texts[0]);
    enum next next = binary_read_strings(arguments, texts, arguments->count - 1);
    arguments->in_block = --block->rows_left > 0;
    if (next == NEXT_ROW && !taken) {
        input_take(arguments->in, arguments->row_size);
        arguments->row_size = 0;
        arguments->huge_size = 0;
        return NEXT_HUGE;
    }
    return next;
}

/* ---- Results ------------------------------------------------------------------------------------------- */

/* A block ends at so many rows or bytes, or where the input's does. Each costs the engine 90 us, most of it for the types' names; in
 * larger ones the engine would read nothing until all is decoded. */
#define BLOCK_ROWS ((size_t)4096)
#define BLOCK_BYTES ((size_t)2 << 20)
/* Address space for all String columns of a block; it is not touched before use. */
#define TEXTS_CAPACITY ((size_t)16 << 20)
#define TEXT_CAPACITY_MIN ((size_t)64 << 10)
#define ALONE ((size_t)32 << 10) /* a row with a text longer than this becomes a block of its own */

/* The answer's name: ClickHouse's default for <return_name>. */
#define RESULT_NAME "result"

/* The streams of a column, in the order in which a block has them; one that the type does not have stays empty. */
enum { STREAM_NULLS = ARRAY_NULLS, STREAM_DATA = ARRAY_DATA, STREAMS = ARRAY_STREAMS };

struct stream {
    char *start, *at, *end; /* gathered: [start, at); STREAM_SLACK bytes after the end may be written, too */
};
#define STREAM_SLACK VALUE_PADDING
_Static_assert(STREAM_SLACK >= VALUE_BINARY_SIZE, "put_fixed may write so many for the last row");

struct native_column {
    struct stream streams[STREAMS];
    const struct type *type;
    struct put put;
    uint32_t index;          /* of its value in an answer */
    uint64_t scalars, inner; /* of the block's arrays so far: scalars, and inner arrays */
};

/* Columns that are written alike. */
struct alike {
    struct native_column **columns;
    size_t count;
};

/* The block that is being gathered. Between two rows each stream of texts has ALONE bytes left, and LENGTH_SIZE. */
struct gathering {
    struct binary binary;
    struct native_column
        *columns; /* with outcome and reason where there are, then one for each of the function's types */
    size_t column_count;
    struct alike nullable, texts, stored,
        others; /* of the function's types; the first are in another one, too */
    size_t rows, bytes;
    size_t fixed_bytes; /* of a row, without texts and arrays */
};

static void put_block_header(struct results *results, size_t rows)
{
    const struct gathering *gathering = results->state;
    struct output *out = results->out;
    struct text type = text_of(results->function->return_type);
    char *at = output_room(out, gathering->binary.row_limit);
    *at++ = 1;
    at = put_length(at, rows);
    at = put_length(at, sizeof RESULT_NAME - 1);
    at = put_bytes(at, TEXT(RESULT_NAME));
    at = put_length(at, type.size);
    output_filled(out, at);
    output_put(out, type.data, type.size);
}

static void end_block(struct results *results)
{
    struct gathering *gathering = results->state;
    if (gathering->rows == 0)
        return;
    put_block_header(results, gathering->rows);
    for (struct native_column *column = gathering->columns;
         column < gathering->columns + gathering->column_count; column++) {
        for (struct stream *stream = column->streams; stream < column->streams + STREAMS; stream++) {
            output_put(results->out, stream->start, (size_t)(stream->at - stream->start));
            stream->at = stream->start;
        }
        column->scalars = column->inner = 0;
    }
    gathering->rows = gathering->bytes = 0;
}

static void add_alone(struct results *results, const struct answer *answer)
{
    const struct gathering *gathering = results->state;
    end_block(results);
    put_block_header(results, 1);
    char *at = output_room(results->out, gathering->binary.row_limit);
    output_filled(results->out, binary_put_answer(results, at, answer, true));
}

/* Whether a row's texts, of so many bytes in all, and its arrays have space in the streams; else they may have it in an empty block, or
 * the row is written alone. */
enum fit { FIT, FIT_LATER, FIT_ALONE };

static enum fit array_fits(const struct native_column *column, const struct value *array, size_t *bytes)
{
    const struct array_sizes sizes = array_sizes(column->type, array);
    enum fit fit = FIT;
    for (size_t i = 0; i < STREAMS; i++) {
        const struct stream *stream = &column->streams[i];
        if (sizes.bytes[i] > ALONE)
            return FIT_ALONE;
        if (sizes.bytes[i] > (size_t)(stream->end - stream->at))
            fit = FIT_LATER;
        *bytes += sizes.bytes[i];
    }
    return fit;
}

/* Whether the row goes into the block, and how many bytes it takes there. */
static enum fit row_fits(const struct gathering *gathering, const struct answer *answer, size_t *bytes)
{
    size_t texts = answer->row ? answer->row->reason.size : 0;
    for (size_t i = 0; i < gathering->texts.count; i++)
        texts += answer->values[gathering->texts.columns[i]->index].as.text.size;
    if (texts > ALONE)
        return FIT_ALONE;
    *bytes = gathering->fixed_bytes + texts;
    enum fit worst = FIT;
    for (size_t i = 0; i < gathering->others.count; i++) {
        const struct native_column *column = gathering->others.columns[i];
        enum fit fit = column->put.array ? array_fits(column, &answer->values[column->index], bytes) : FIT;
        worst = fit > worst ? fit : worst;
    }
    return worst;
}

static void add_array(struct native_column *column, const struct value *array)
{
    char *streams[STREAMS];
    for (size_t i = 0; i < STREAMS; i++)
        streams[i] = column->streams[i].at;
    array_gather(column->type, array, streams, &column->scalars, &column->inner);
    for (size_t i = 0; i < STREAMS; i++)
        column->streams[i].at = streams[i];
}

/* Answers whether a stream has come near to its end. */
static bool add_texts(const struct gathering *gathering, const struct answer *answer)
{
    bool full = false;
    for (size_t i = 0; i < gathering->texts.count; i++) {
        struct native_column *column = gathering->texts.columns[i];
        struct stream *stream = &column->streams[STREAM_DATA];
        const struct text text = answer->values[column->index].as.text;
        stream->at = answer->row && text.size < 0x80 ? put_padded(stream->at, text)
                                                     : put_bytes(put_length(stream->at, text.size), text);
        full |= stream->at > stream->end - ALONE - LENGTH_SIZE;
    }
    return full;
}

static void add_others(const struct gathering *gathering, const struct value *values)
{
    for (size_t i = 0; i < gathering->nullable.count; i++) {
        struct native_column *column = gathering->nullable.columns[i];
        *column->streams[STREAM_NULLS].at++ = (char)values[column->index].null;
    }
    for (size_t i = 0; i < gathering->stored.count; i++) {
        struct native_column *column = gathering->stored.columns[i];
        struct stream *stream = &column->streams[STREAM_DATA];
        memcpy(stream->at, &values[column->index].as, sizeof values->as.natural);
        stream->at += column->put.stored;
    }
    for (size_t i = 0; i < gathering->others.count; i++) {
        struct native_column *column = gathering->others.columns[i];
        const struct value *value = &values[column->index];
        struct stream *stream = &column->streams[STREAM_DATA];
        if (column->put.array)
            add_array(column, value);
        else
            stream->at += value_to_binary(column->type, value, (unsigned char *)stream->at);
    }
}

static void add(struct results *results, const struct answer *answer)
{
    struct gathering *gathering = results->state;
    size_t bytes;
    enum fit fit = row_fits(gathering, answer, &bytes);
    if (fit == FIT_ALONE) {
        add_alone(results, answer);
        return;
    }
    if (fit == FIT_LATER)
        end_block(results);
    bool full = add_texts(gathering, answer);
    if (answer->row) {
        struct stream *outcomes = &gathering->columns[0].streams[STREAM_DATA],
                      *reasons = &gathering->columns[1].streams[STREAM_DATA];
        *outcomes->at++ = (char)answer->row->outcome;
        reasons->at = put_bytes(put_length(reasons->at, answer->row->reason.size), answer->row->reason);
        full |= reasons->at > reasons->end - ALONE - LENGTH_SIZE;
    }
    add_others(gathering, answer->values);
    gathering->bytes += bytes;
    if (++gathering->rows == BLOCK_ROWS || gathering->bytes >= BLOCK_BYTES || full)
        end_block(results);
}

static size_t text_capacity(size_t columns)
{
    size_t capacity = TEXTS_CAPACITY / columns;
    if (capacity > BLOCK_BYTES)
        return BLOCK_BYTES;
    return capacity < TEXT_CAPACITY_MIN ? TEXT_CAPACITY_MIN : capacity;
}

/* How many bytes the streams of a column can hold. */
static void set_capacities(const struct type *type, size_t texts, size_t capacities[STREAMS])
{
    memset(capacities, 0, STREAMS * sizeof *capacities);
    if (type->nullable)
        capacities[STREAM_NULLS] = BLOCK_ROWS;
    if (type->kind == TYPE_ARRAY) {
        capacities[ARRAY_ENDS] = BLOCK_ROWS * sizeof(uint64_t);
        capacities[ARRAY_INNER_ENDS] = type->depth > 1 ? texts : 0;
        capacities[ARRAY_NULLS] = type->scalar_nullable ? texts : 0;
    }
    const bool variable = type->kind == TYPE_STRING || type->kind == TYPE_ARRAY;
    capacities[STREAM_DATA] = variable ? texts : BLOCK_ROWS * (size_t)type->width;
}

/* Gives each stream its memory, which is not touched before use. */
static bool allocate_streams(struct results *results, struct gathering *gathering)
{
    const size_t texts = text_capacity(gathering->column_count);
    for (size_t i = 0; i < gathering->column_count; i++) {
        struct native_column *column = &gathering->columns[i];
        size_t capacities[STREAMS];
        set_capacities(column->type, texts, capacities);
        for (size_t j = 0; j < STREAMS; j++) {
            struct stream *stream = &column->streams[j];
            stream->start = stream->at = arena_alloc(&results->arena, capacities[j] + STREAM_SLACK);
            if (!stream->start)
                return false;
            stream->end = stream->start + capacities[j];
        }
    }
    return true;
}

static bool open_alike(struct results *results, struct gathering *gathering)
{
    struct alike *const all[] = {&gathering->nullable, &gathering->texts, &gathering->stored,
                                 &gathering->others};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        all[i]->columns = arena_alloc(&results->arena, gathering->column_count * sizeof *all[i]->columns);
    return !results->arena.failed;
}

static void add_alike(struct alike *alike, struct native_column *column)
{
    alike->columns[alike->count++] = column;
}

static bool open(struct results *results)
{
    static const struct type outcome = {.kind = TYPE_INT8, .width = 1}, reason = {.kind = TYPE_STRING};
    const struct function *function = results->function;
    struct gathering *gathering = results->state = arena_alloc(&results->arena, sizeof *gathering);
    if (!gathering)
        return false;
    *gathering =
        (struct gathering){.column_count = function->type_count + (function->layout ? HEAD_FIELDS : 0)};
    gathering->columns = arena_alloc(&results->arena, gathering->column_count * sizeof *gathering->columns);
    if (!gathering->columns || !binary_open(results, &gathering->binary) || !open_alike(results, gathering))
        return false;
    struct native_column *column = gathering->columns;
    if (function->layout) {
        *column++ = (struct native_column){.type = &outcome};
        *column++ = (struct native_column){.type = &reason};
        gathering->fixed_bytes = HEAD_FIELDS;
    }
    for (size_t i = 0; i < function->type_count; i++) {
        const struct type *type = &function->types[i];
        const struct put put = gathering->binary.puts[i];
        column[i] = (struct native_column){.type = type, .put = put, .index = (uint32_t)i};
        add_alike(put.text     ? &gathering->texts
                  : put.stored ? &gathering->stored
                               : &gathering->others,
                  &column[i]);
        if (put.nullable)
            add_alike(&gathering->nullable, &column[i]);
        gathering->fixed_bytes += put.nullable + (put.text ? 1u : put.array ? 0u : type->width);
    }
    return allocate_streams(results, gathering);
}

static void begin_string(struct results *results, uint64_t size)
{
    end_block(results);
    put_block_header(results, 1);
    char *at = output_room(results->out, LENGTH_SIZE);
    output_filled(results->out, put_length(at, size));
}

const struct format format_native = {
    .name = "Native",
    .argument_limit = FUNCTION_ARGUMENTS,
    .arguments_open = open_arguments,
    .arguments_close = close_arguments,
    .next = read_row,
    .drain = binary_drain,
    .results_open = open,
    .add = add,
    .begin_string = begin_string,
    .end_block = end_block,
};
