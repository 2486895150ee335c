#include "wire/arrays.h"

static struct type scalar_of(const struct type *type)
{
    struct type scalar = *type;
    while (scalar.depth > 0)
        scalar = type_element(&scalar);
    return scalar;
}

/* The inner arrays of Array(Array(...)); else the array itself is the only one. */
static const struct value *inner_of(const struct type *type, const struct value *array, size_t *count)
{
    *count = type->depth > 1 ? array->as.array.count : 1;
    return type->depth > 1 ? array->as.array.elements : array;
}

static char *put_end(char *at, uint64_t end)
{
    memcpy(at, &end, sizeof end);
    return at + sizeof end;
}

/* ---- To the output ------------------------------------------------------------------------------------------------------ */

/* Space for the next piece: what was written before it is told to the output. */
static char *next_piece(struct results *results, char *at)
{
    const struct binary *binary = results->state;
    output_filled(results->out, at);
    return output_room(results->out, binary->row_limit);
}

static char *put_scalar(struct results *results, char *at, const struct type *type,
                        const struct value *scalar)
{
    at = next_piece(results, at);
    if (type->kind == TYPE_STRING)
        return binary_put_text(results, at, scalar->as.text);
    return at + value_to_binary(type, scalar, (unsigned char *)at);
}

static char *put_elements(struct results *results, char *at, const struct type *type,
                          const struct value *array)
{
    const struct type element = type_element(type);
    at = put_length(next_piece(results, at), array->as.array.count);
    for (size_t i = 0; i < array->as.array.count; i++) {
        const struct value *value = &array->as.array.elements[i];
        if (element.nullable) {
            at = next_piece(results, at);
            *at++ = (char)value->null;
        }
        if (value->null)
            continue;
        at = element.kind == TYPE_ARRAY ? put_elements(results, at, &element, value)
                                        : put_scalar(results, at, &element, value);
    }
    return at;
}

static char *put_streams(struct results *results, char *at, const struct type *type,
                         const struct value *array)
{
    const struct type scalar = scalar_of(type);
    size_t count;
    const struct value *inner = inner_of(type, array, &count);
    uint64_t end = 0;
    at = put_end(next_piece(results, at), array->as.array.count);
    for (size_t i = 0; i < count && type->depth > 1; i++)
        at = put_end(next_piece(results, at), end += inner[i].as.array.count);
    for (size_t i = 0; i < count && scalar.nullable; i++) {
        for (size_t j = 0; j < inner[i].as.array.count; j++) {
            at = next_piece(results, at);
            *at++ = (char)inner[i].as.array.elements[j].null;
        }
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < inner[i].as.array.count; j++)
            at = put_scalar(results, at, &scalar, &inner[i].as.array.elements[j]);
    return at;
}

char *array_put(struct results *results, char *at, const struct type *type, const struct value *array,
                bool native)
{
    at = native ? put_streams(results, at, type, array) : put_elements(results, at, type, array);
    return next_piece(results, at);
}

/* ---- To a block that is gathered ---------------------------------------------------------------------------------------- */

struct array_sizes array_sizes(const struct type *type, const struct value *array)
{
    const struct type scalar = scalar_of(type);
    size_t count;
    const struct value *inner = inner_of(type, array, &count);
    struct array_sizes sizes = {.bytes[ARRAY_ENDS] = sizeof(uint64_t)};
    if (type->depth > 1)
        sizes.bytes[ARRAY_INNER_ENDS] = count * sizeof(uint64_t);
    for (size_t i = 0; i < count; i++) {
        const size_t scalars = inner[i].as.array.count;
        sizes.bytes[ARRAY_NULLS] += scalar.nullable ? scalars : 0;
        sizes.bytes[ARRAY_DATA] += scalars * (scalar.kind == TYPE_STRING ? LENGTH_SIZE : scalar.width);
        for (size_t j = 0; j < scalars && scalar.kind == TYPE_STRING; j++)
            sizes.bytes[ARRAY_DATA] += inner[i].as.array.elements[j].as.text.size;
    }
    return sizes;
}

void array_gather(const struct type *type, const struct value *array, char *streams[ARRAY_STREAMS],
                  uint64_t *scalars, uint64_t *inner)
{
    const struct type scalar = scalar_of(type);
    size_t count;
    const struct value *const arrays = inner_of(type, array, &count);
    for (size_t i = 0; i < count; i++) {
        *scalars += arrays[i].as.array.count;
        if (type->depth > 1)
            streams[ARRAY_INNER_ENDS] = put_end(streams[ARRAY_INNER_ENDS], *scalars);
        for (size_t j = 0; j < arrays[i].as.array.count; j++) {
            const struct value *value = &arrays[i].as.array.elements[j];
            if (scalar.nullable)
                *streams[ARRAY_NULLS]++ = (char)value->null;
            if (scalar.kind == TYPE_STRING)
                streams[ARRAY_DATA] =
                    put_bytes(put_length(streams[ARRAY_DATA], value->as.text.size), value->as.text);
            else
                streams[ARRAY_DATA] += value_to_binary(&scalar, value, (unsigned char *)streams[ARRAY_DATA]);
        }
    }
    *inner += count;
    streams[ARRAY_ENDS] = put_end(streams[ARRAY_ENDS], type->depth > 1 ? *inner : *scalars);
}
