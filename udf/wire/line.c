/* LineAsString: a message a line. A decoded row is answered as a JSON object, any other answer as text that stays on its line. */
#include "base/digits.h"
#include "wire/format.h"

/* ---- Arguments ----------------------------------------------------------------------------------------- */

static enum next read_line(struct arguments *arguments, struct text *text)
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
        if (searched > arguments->limit)
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
            return arguments_broken(arguments, result);
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

/* ---- Results ------------------------------------------------------------------------------------------- */

static const char *const outcome_names[] = {
    [OUTCOME_EVENT] = "event", [OUTCOME_SKIPPED] = "skipped", [OUTCOME_ERROR] = "error"};

/* The state: `,"name":` of each column of a decoded row. A column's name is a plain identifier and needs no escapes. */
static bool open(struct results *results)
{
    const struct function *function = results->function;
    if (!function->layout)
        return true;
    struct text *keys = results->state = arena_alloc(&results->arena, function->type_count * sizeof *keys);
    for (size_t i = 0; keys && i < function->type_count; i++) {
        struct text name = function->names[i];
        keys[i] = arena_printf(&results->arena, ",\"%.*s\":", TEXT_ARGUMENTS(name));
    }
    return !results->arena.failed;
}

static void put_json_string(struct output *out, struct text text)
{
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
            escape[4] = hex_digits[c >> 4];
            escape[5] = hex_digits[c & 15];
            size = 6;
        }
        output_put(out, escape, size);
    }
    if (plain < text.size)
        output_put(out, text.data + plain, text.size - plain);
    output_put(out, "\"", 1);
}

static void put_json(struct output *out, const struct type *type, const struct value *value)
{
    if (type->kind == TYPE_STRING && !value->null) {
        put_json_string(out, value->as.text);
    } else if (type->kind == TYPE_ARRAY) {
        const struct type element = type_element(type);
        output_put(out, "[", 1);
        for (size_t i = 0; i < value->as.array.count; i++) {
            if (i > 0)
                output_put(out, ",", 1);
            put_json(out, &element, &value->as.array.elements[i]);
        }
        output_put(out, "]", 1);
    } else {
        char json[VALUE_JSON_SIZE];
        output_put(out, json, value_to_json(type, value, json));
    }
}

static void put_row(struct results *results, const struct row *row)
{
    struct output *out = results->out;
    const struct function *function = results->function;
    const struct text *keys = results->state;
    struct text outcome = text_of(outcome_names[row->outcome]);
    output_put(out, "{\"outcome\":\"", 12);
    output_put(out, outcome.data, outcome.size);
    output_put(out, "\",\"reason\":", 11);
    put_json_string(out, row->reason);
    for (size_t i = 0; i < function->type_count; i++) {
        output_put(out, keys[i].data, keys[i].size);
        put_json(out, &function->types[i], &row->values[i]);
    }
    output_put(out, "}\n", 2);
}

/* A text as TabSeparated has it. */
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

/* A message that came on one line stays on one: the line feeds that its strings' JSON brings along are white space. */
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

/* A value that is not a String: as in JSON, without its quotes. */
static void put_plain(struct output *out, const struct type *type, const struct value *value)
{
    char json[VALUE_JSON_SIZE];
    size_t size = value_to_json(type, value, json), quotes = json[0] == '"';
    output_put(out, json + quotes, size - 2 * quotes);
}

static void put_value(struct results *results, const struct value *value)
{
    struct output *out = results->out;
    const struct type *type = results->function->types;
    if (value->null)
        output_put(out, "\\N", 2);
    else if (type->kind != TYPE_STRING)
        put_plain(out, type, value);
    else if (results->function->kind->answers_json)
        put_on_one_line(out, value->as.text);
    else
        put_escaped(out, value->as.text);
    output_put(out, "\n", 1);
}

static void add(struct results *results, const struct answer *answer)
{
    if (answer->row)
        put_row(results, answer->row);
    else
        put_value(results, answer->values);
}

static void begin_string(struct results *results, uint64_t size)
{
    (void)results;
    (void)size;
}

static void end_string(struct results *results)
{
    output_put(results->out, "\n", 1);
}

const struct format format_line = {
    .name = "LineAsString",
    .argument_limit = 1,
    .string_answers = true,
    .next = read_line,
    .drain = drain_line,
    .results_open = open,
    .add = add,
    .begin_string = begin_string,
    .end_string = end_string,
};
