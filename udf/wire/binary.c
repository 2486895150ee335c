#include "wire/binary.h"

#include "wire/arrays.h"

/* ---- Arguments ----------------------------------------------------------------------------------------- */

enum next binary_start(struct arguments *arguments)
{
    enum input_result result = input_need(arguments->in, 1);
    if (result == INPUT_OK)
        return NEXT_ROW;
    return result == INPUT_END ? NEXT_END : arguments_broken(arguments, result);
}

enum next binary_read_length(struct arguments *arguments, size_t *offset, uint64_t *length)
{
    *length = 0;
    for (unsigned i = 0; i < LENGTH_SIZE; i++) {
        enum input_result result = input_need(arguments->in, *offset + 1);
        if (result != INPUT_OK)
            return arguments_broken(arguments, result);
        uint64_t byte = (unsigned char)input_data(arguments->in)[(*offset)++];
        if (i == LENGTH_SIZE - 1 && byte > 1)
            break;
        *length |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80)
            return NEXT_ROW;
    }
    return arguments_fail(arguments, "the input is not in this format: a length has more than 64 bits");
}

enum next binary_read_string(struct arguments *arguments, size_t *offset, size_t *start, uint64_t *length)
{
    enum next next = binary_read_length(arguments, offset, length);
    if (next != NEXT_ROW)
        return next;
    *start = *offset;
    enum input_result result = INPUT_NO_MEMORY;
    bool too_long = *length > arguments->limit;
    if (!too_long)
        result = input_need(arguments->in, *offset + *length);
    if (result == INPUT_OK) {
        *offset += *length;
        return NEXT_ROW;
    }
    if (result != INPUT_NO_MEMORY)
        return arguments_broken(arguments, result);
    input_take(arguments->in, *offset);
    arguments->no_memory = !too_long;
    arguments->huge_size = *length;
    return NEXT_HUGE;
}

enum next binary_read_strings(struct arguments *arguments, struct text *texts, size_t first)
{
    size_t start[FUNCTION_ARGUMENTS] = {0}, offset = 0;
    uint64_t length[FUNCTION_ARGUMENTS] = {0};
    for (size_t i = first; i < arguments->count; i++) {
        enum next next = binary_read_string(arguments, &offset, &start[i], &length[i]);
        arguments->huge_index = i;
        if (next != NEXT_ROW)
            return next;
    }
    for (size_t i = first; i < arguments->count; i++)
        texts[i] = (struct text){input_data(arguments->in) + start[i], length[i]};
    arguments->row_size = offset;
    return NEXT_ROW;
}

static enum next skip_string(struct arguments *arguments)
{
    size_t offset = 0;
    uint64_t length;
    enum next next = binary_read_length(arguments, &offset, &length);
    if (next != NEXT_ROW)
        return next;
    input_take(arguments->in, offset);
    enum input_result result = input_pass(arguments->in, length, NULL);
    return result == INPUT_OK ? NEXT_ROW : arguments_broken(arguments, result);
}

enum next binary_drain(struct arguments *arguments, struct output *out)
{
    enum input_result result = input_pass(arguments->in, arguments->huge_size, out);
    if (result != INPUT_OK)
        return arguments_broken(arguments, result);
    for (size_t i = arguments->huge_index + 1; i < arguments->count; i++) {
        enum next next = skip_string(arguments);
        if (next != NEXT_ROW)
            return next;
    }
    return NEXT_ROW;
}

/* ---- Results ------------------------------------------------------------------------------------------- */

bool binary_open(struct results *results, struct binary *binary)
{
    const struct function *function = results->function;
    binary->row_limit = results_row_limit(function);
    binary->puts = arena_alloc(&results->arena, function->type_count * sizeof *binary->puts);
    for (size_t i = 0; binary->puts && i < function->type_count; i++) {
        const struct type *type = &function->types[i];
        struct put *put = &binary->puts[i];
        *put = (struct put){
            .nullable = type->nullable, .text = type->kind == TYPE_STRING, .array = type->kind == TYPE_ARRAY};
        if (type->kind != TYPE_FLOAT32 && type->kind != TYPE_UUID && type->width <= sizeof(uint64_t))
            put->stored = type->width;
    }
    return !results->arena.failed;
}

char *binary_put_text(struct results *results, char *at, struct text text)
{
    at = put_length(at, text.size);
    if (text.size <= SHORT_TEXT)
        return put_bytes(at, text);
    const struct binary *binary = results->state;
    output_filled(results->out, at);
    output_put(results->out, text.data, text.size);
    return output_room(results->out, binary->row_limit);
}

static char *put_row(struct results *results, char *at, const struct row *row, bool native)
{
    const struct function *function = results->function;
    const struct binary *binary = results->state;
    const struct value *value = row->values;
    const struct type *type = function->types;
    *at++ = (char)row->outcome;
    at = binary_put_text(results, at, row->reason);
    for (const struct put *put = binary->puts, *end = put + function->type_count; put < end;
         put++, type++, value++) {
        if (put->nullable) {
            *at++ = (char)value->null;
            if (value->null && !native)
                continue;
        }
        if (put->text)
            at = value->as.text.size < 0x80 ? put_padded(at, value->as.text)
                                            : binary_put_text(results, at, value->as.text);
        else if (put->stored || !put->array)
            at += put_fixed(type, put, value, at);
        else
            at = array_put(results, at, type, value, native);
    }
    return at;
}

/* The one value of a function that does not decode. */
static char *put_value(struct results *results, char *at, const struct value *value, bool native)
{
    const struct type *type = results->function->types;
    const struct binary *binary = results->state;
    if (type->nullable)
        *at++ = (char)value->null;
    if (value->null && !native)
        return at;
    if (binary->puts->text)
        return binary_put_text(results, at, value->as.text);
    return at + put_fixed(type, binary->puts, value, at);
}

char *binary_put_answer(struct results *results, char *at, const struct answer *answer, bool native)
{
    return answer->row ? put_row(results, at, answer->row, native)
                       : put_value(results, at, answer->values, native);
}
