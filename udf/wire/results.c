#include "wire/results.h"

#define SIZE_BYTES 10   /* most bytes of a LEB128 number */
#define SHORT_TEXT 2048 /* a longer text is put apart, not within a row's room */
#define FIELD_ROOM (SIZE_BYTES + SHORT_TEXT)
#define HEAD_FIELDS 2 /* outcome and reason of a decoded row */

#define BLOCK_ROWS ((size_t)16384)    /* a Native block ends at so many rows … */
#define BLOCK_BYTES ((size_t)1 << 20) /* … or bytes: about what the engine reads fastest */
#define TEXTS_CAPACITY                                                                                       \
    ((size_t)16 << 20) /* address space for all String columns of a block; it is not touched before use */
#define TEXT_CAPACITY_LEAST ((size_t)64 << 10)
#define ALONE ((size_t)32 << 10) /* a row with a text longer than this becomes a block of its own */

/* The answer's name in a Native block: ClickHouse's default for <return_name>. */
#define RESULT_NAME "result"

static const char *const outcome_names[] = {
    [OUTCOME_EVENT] = "event", [OUTCOME_SKIPPED] = "skipped", [OUTCOME_ERROR] = "error"};

static char *put_size(char *at, uint64_t size)
{
    while (size >= 0x80) {
        *at++ = (char)(size | 0x80);
        size >>= 7;
    }
    *at++ = (char)size;
    return at;
}

static char *put_bytes(char *at, struct text text)
{
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

/* ---- RowBinary, and Native blocks of one row ----------------------------------------------------------- */

static char *put_text(struct results *results, char *at, struct text text)
{
    at = put_size(at, text.size);
    if (text.size <= SHORT_TEXT)
        return put_bytes(at, text);
    output_filled(results->out, at);
    output_put(results->out, text.data, text.size);
    return output_room(results->out, results->room);
}

/* A text of a decoded row, copied in whole steps: up to VALUE_PADDING bytes behind it are read, and as many written. */
static inline char *put_padded(struct results *results, char *at, struct text text)
{
    if (text.size >= 0x80)
        return put_text(results, at, text);
    *at++ = (char)text.size;
    if (text.size == 0)
        return at;
    memcpy(at, text.data, VALUE_PADDING);
    for (size_t i = VALUE_PADDING; i < text.size; i += VALUE_PADDING)
        memcpy(at + i, text.data + i, VALUE_PADDING);
    return at + text.size;
}

/* A fixed-width value; up to 16 bytes are written. Answers how many count. */
static inline size_t put_fixed(const struct type *type, const struct put *put, const struct value *value,
                               char *at)
{
    if (put->stored) {
        memcpy(at, &value->as, sizeof value->as.natural);
        return put->stored;
    }
    return value_to_binary(type, value, (unsigned char *)at);
}

/* The fields of a row one after the other. Native differs in one thing: a NULL has a value behind its null
 * byte. */
static char *put_row(struct results *results, char *at, const struct row *row, bool native)
{
    const struct function *function = results->function;
    const struct value *value = row->values;
    const struct type *type = function->types;
    *at++ = (char)row->outcome;
    at = put_text(results, at, row->reason);
    for (const struct put *put = results->puts, *end = put + function->type_count; put < end;
         put++, type++, value++) {
        if (put->nullable) {
            *at++ = (char)value->null;
            if (value->null && !native)
                continue;
        }
        if (put->text)
            at = put_padded(results, at, value->as.text);
        else
            at += put_fixed(type, put, value, at);
    }
    return at;
}

/* The one value of a function that does not decode. */
static char *put_value(struct results *results, char *at, const struct value *value, bool native)
{
    const struct type *type = results->function->types;
    if (type->nullable)
        *at++ = (char)value->null;
    if (value->null && !native)
        return at;
    if (type->kind == TYPE_STRING)
        return put_text(results, at, value->as.text);
    return at + put_fixed(type, results->puts, value, at);
}

static char *put_answer(struct results *results, char *at, const struct answer *answer, bool native)
{
    return answer->row ? put_row(results, at, answer->row, native)
                       : put_value(results, at, answer->values, native);
}

static void add_row_binary(struct results *results, const struct answer *answer)
{
    char *at = output_room(results->out, results->room);
    output_filled(results->out, put_answer(results, at, answer, false));
}

/* ---- LineAsString -------------------------------------------------------------------------------------- */

static void put_json_string(struct output *out, struct text text)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    size_t plain = 0;
    output_put(out, "\"", 1);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        output_put(out, text.data + plain, i - plain);
        plain = i + 1;
        char escape[6] = {'\\', (char)c};
        size_t size = 2;
        if (c < 0x20 && shorts[c]) {
            escape[1] = shorts[c];
        } else if (c < 0x20) {
            memcpy(escape + 1, "u00", 3);
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            size = 6;
        }
        output_put(out, escape, size);
    }
    if (plain < text.size)
        output_put(out, text.data + plain, text.size - plain);
    output_put(out, "\"", 1);
}

static void add_json(struct results *results, const struct answer *answer)
{
    struct output *out = results->out;
    const struct function *function = results->function;
    struct text outcome = text_of(outcome_names[answer->row->outcome]);
    output_put(out, "{\"outcome\":\"", 12);
    output_put(out, outcome.data, outcome.size);
    output_put(out, "\",\"reason\":", 11);
    put_json_string(out, answer->row->reason);
    for (size_t i = 0; i < function->type_count; i++) {
        const struct value *value = &answer->values[i];
        output_put(out, results->keys[i].data, results->keys[i].size);
        if (function->types[i].kind == TYPE_STRING && !value->null) {
            put_json_string(out, value->as.text);
        } else {
            char json[VALUE_JSON_SIZE];
            output_put(out, json, value_to_json(&function->types[i], value, json));
        }
    }
    output_put(out, "}\n", 2);
}

/* A text as TabSeparated has it, so that it stays on its line. */
static void put_escaped(struct output *out, struct text text)
{
    static const char escapes[256] = {
        ['\0'] = '0', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['\\'] = '\\'};
    size_t plain = 0;
    for (size_t i = 0; i < text.size; i++) {
        char escape[2] = {'\\', escapes[(unsigned char)text.data[i]]};
        if (!escape[1])
            continue;
        output_put(out, text.data + plain, i - plain);
        output_put(out, escape, 2);
        plain = i + 1;
    }
    if (plain < text.size)
        output_put(out, text.data + plain, text.size - plain);
}

/* A message that came on one line stays on one: the line feeds that its strings' JSON brings along are white
 * space. */
static void put_on_one_line(struct output *out, struct text text)
{
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        output_put(out, text.data, size);
        if (end)
            output_put(out, " ", 1);
        text = text_from(text, size + (end != NULL));
    }
}

static void add_line(struct results *results, const struct answer *answer)
{
    struct output *out = results->out;
    if (answer->row) {
        add_json(results, answer);
        return;
    }
    const struct value *value = answer->values;
    if (value->null) {
        output_put(out, "\\N", 2);
    } else if (results->function->kind == FUNCTION_TIMESTAMP) {
        char text[TIME_TEXT_SIZE];
        output_put(out, text, ticks_print(value->as.integer, results->function->types[0].precision, text));
    } else if (results->function->kind == FUNCTION_EXTRACT) {
        put_escaped(out, value->as.text);
    } else {
        put_on_one_line(out, value->as.text);
    }
    output_put(out, "\n", 1);
}

/* ---- Native -------------------------------------------------------------------------------------------- */

static void put_block_header(struct results *results, size_t rows)
{
    struct output *out = results->out;
    struct text type = text_of(results->function->return_type);
    char *at = output_room(out, results->room);
    *at++ = 1;
    at = put_size(at, rows);
    at = put_size(at, sizeof RESULT_NAME - 1);
    at = put_bytes(at, TEXT(RESULT_NAME));
    at = put_size(at, type.size);
    output_filled(out, at);
    output_put(out, type.data, type.size);
}

void results_end_block(struct results *results)
{
    size_t rows = results->rows, head = results->column_count - results->function->type_count;
    if (rows == 0)
        return;
    put_block_header(results, rows);
    for (size_t i = 0; i < results->column_count; i++) {
        struct native_column *column = &results->columns[i];
        const struct type *type = i < head ? NULL : &results->function->types[i - head];
        size_t width = type ? type->width : i == 0;
        if (column->nulls)
            output_put(results->out, (const char *)column->nulls, rows);
        output_put(results->out, column->data, width ? rows * width : column->size);
        column->size = 0;
    }
    results->rows = results->bytes = 0;
}

static void add_alone(struct results *results, const struct answer *answer)
{
    results_end_block(results);
    put_block_header(results, 1);
    char *at = output_room(results->out, results->room);
    output_filled(results->out, put_answer(results, at, answer, true));
}

enum fit { FIT, FIT_LATER, FIT_ALONE };

static enum fit text_fits(const struct results *results, const struct native_column *column, struct text text)
{
    if (text.size > ALONE)
        return FIT_ALONE;
    return column->size + SIZE_BYTES + text.size > results->text_capacity ? FIT_LATER : FIT;
}

/* Whether the row's texts have room in the block. */
static enum fit row_fits(const struct results *results, const struct answer *answer)
{
    const struct native_column *column = results->columns;
    enum fit worst = FIT;
    if (answer->row) {
        worst = text_fits(results, &column[1], answer->row->reason);
        column += HEAD_FIELDS;
    }
    for (size_t i = 0; i < results->function->type_count; i++) {
        if (results->function->types[i].kind == TYPE_STRING) {
            enum fit fit = text_fits(results, &column[i], answer->values[i].as.text);
            worst = fit > worst ? fit : worst;
        }
    }
    return worst;
}

static size_t add_text(struct native_column *column, struct text text)
{
    char *start = column->data + column->size;
    size_t size = (size_t)(put_bytes(put_size(start, text.size), text) - start);
    column->size += size;
    return size;
}

static void add_native(struct results *results, const struct answer *answer)
{
    enum fit fit = row_fits(results, answer);
    if (fit == FIT_ALONE) {
        add_alone(results, answer);
        return;
    }
    if (fit == FIT_LATER)
        results_end_block(results);
    struct native_column *column = results->columns;
    size_t row = results->rows++;
    if (answer->row) {
        column[0].data[row] = (char)answer->row->outcome;
        results->bytes += 1 + add_text(&column[1], answer->row->reason);
        column += HEAD_FIELDS;
    }
    for (size_t i = 0; i < results->function->type_count; i++, column++) {
        const struct type *type = &results->function->types[i];
        const struct put *put = &results->puts[i];
        const struct value *value = &answer->values[i];
        if (put->nullable)
            column->nulls[row] = value->null;
        if (put->text)
            results->bytes += add_text(column, value->as.text);
        else
            results->bytes += put_fixed(type, put, value, column->data + row * type->width);
    }
    if (results->rows == BLOCK_ROWS || results->bytes >= BLOCK_BYTES)
        results_end_block(results);
}

/* A column's memory from what is left, or only its size where there is none yet. */
static size_t place_column(struct native_column *column, char *memory, size_t used, size_t data,
                           bool nullable)
{
    if (memory) {
        column->nulls = nullable ? (unsigned char *)memory + used : NULL;
        column->data = memory + used + (nullable ? BLOCK_ROWS : 0);
    }
    /* 16 bytes more: value_to_binary may write that many for the last row's value. */
    return used + (nullable ? BLOCK_ROWS : 0) + data + 16;
}

static size_t place_columns(struct results *results, char *memory)
{
    const struct function *function = results->function;
    struct native_column *column = results->columns;
    size_t used = 0;
    if (function->kind == FUNCTION_DECODE) {
        used = place_column(column++, memory, used, BLOCK_ROWS, false);
        used = place_column(column++, memory, used, results->text_capacity, false);
    }
    for (size_t i = 0; i < function->type_count; i++) {
        const struct type *type = &function->types[i];
        size_t data = type->kind == TYPE_STRING ? results->text_capacity : BLOCK_ROWS * (size_t)type->width;
        used = place_column(column++, memory, used, data, type->nullable);
    }
    return used;
}

static bool open_native(struct results *results)
{
    const struct function *function = results->function;
    results->column_count = function->type_count + (function->kind == FUNCTION_DECODE ? HEAD_FIELDS : 0);
    results->columns = arena_alloc(&results->arena, results->column_count * sizeof *results->columns);
    if (!results->columns)
        return false;
    memset(results->columns, 0, results->column_count * sizeof *results->columns);
    results->text_capacity = TEXTS_CAPACITY / results->column_count;
    if (results->text_capacity > BLOCK_BYTES)
        results->text_capacity = BLOCK_BYTES;
    if (results->text_capacity < TEXT_CAPACITY_LEAST)
        results->text_capacity = TEXT_CAPACITY_LEAST;
    char *memory = arena_alloc(&results->arena, place_columns(results, NULL));
    if (!memory)
        return false;
    place_columns(results, memory);
    return true;
}

/* ---- All of them --------------------------------------------------------------------------------------- */

size_t results_room(const struct function *function)
{
    return (HEAD_FIELDS + function->type_count) * (FIELD_ROOM + 1) + VALUE_PADDING;
}

/* A column's name is a plain identifier: it needs no escapes. */
static bool open_line(struct results *results)
{
    const struct function *function = results->function;
    if (function->kind != FUNCTION_DECODE)
        return true;
    results->keys = arena_alloc(&results->arena, function->type_count * sizeof *results->keys);
    for (size_t i = 0; results->keys && i < function->type_count; i++) {
        struct text name = function->names[i];
        results->keys[i] = arena_printf(&results->arena, ",\"%.*s\":", (int)name.size, name.data);
    }
    return !results->arena.failed;
}

static bool open_binary(struct results *results)
{
    const struct function *function = results->function;
    results->puts = arena_alloc(&results->arena, function->type_count * sizeof *results->puts);
    for (size_t i = 0; results->puts && i < function->type_count; i++) {
        const struct type *type = &function->types[i];
        struct put *put = &results->puts[i];
        *put = (struct put){.nullable = type->nullable, .text = type->kind == TYPE_STRING};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (type->kind != TYPE_FLOAT32 && type->kind != TYPE_UUID && type->width <= sizeof(uint64_t))
            put->stored = type->width;
#endif
    }
    return !results->arena.failed;
}

bool results_open(struct results *results, enum format format, const struct function *function,
                  struct output *out)
{
    *results =
        (struct results){.format = format, .function = function, .out = out, .room = results_room(function)};
    if (format == FORMAT_LINE)
        return open_line(results);
    return open_binary(results) && (format != FORMAT_NATIVE || open_native(results));
}

void results_close(struct results *results)
{
    arena_free(&results->arena);
}

void results_add(struct results *results, const struct answer *answer)
{
    if (results->format == FORMAT_ROW_BINARY)
        add_row_binary(results, answer);
    else if (results->format == FORMAT_NATIVE)
        add_native(results, answer);
    else
        add_line(results, answer);
}

void results_put_begin(struct results *results, uint64_t size)
{
    if (results->format == FORMAT_LINE)
        return;
    if (results->format == FORMAT_NATIVE) {
        results_end_block(results);
        put_block_header(results, 1);
    }
    char *at = output_room(results->out, results->room);
    output_filled(results->out, put_size(at, size));
}

void results_put_end(struct results *results)
{
    if (results->format == FORMAT_LINE)
        output_put(results->out, "\n", 1);
}
