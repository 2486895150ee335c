#include "function/function.h"

#include "json/json_check.h"

#define TIMESTAMP_TYPE "Nullable(DateTime64(6, 'UTC'))"
#define TIMESTAMP_DIGITS 6

const char *function_type(struct arena *arena, enum function_kind kind, const struct layout *layout)
{
    switch (kind) {
    case FUNCTION_EXTRACT:
        return "Nullable(String)";
    case FUNCTION_UNNEST:
        return "String";
    case FUNCTION_TIMESTAMP:
        return TIMESTAMP_TYPE;
    case FUNCTION_DECODE:
        break;
    }
    struct text type = TEXT("Tuple(outcome Enum8('event' = 0, 'skipped' = 1, 'error' = 2), reason String");
    for (size_t i = 0; i < layout->column_count; i++) {
        struct text name = layout->columns[i].name;
        type = arena_printf(arena, "%.*s, %.*s %s", (int)type.size, type.data, (int)name.size, name.data,
                            layout->columns[i].as.type.name);
    }
    return arena_printf(arena, "%.*s)", (int)type.size, type.data).data;
}

static bool open_decode(struct function *function, const struct layout *layout)
{
    function->layout = layout;
    function->type_count = layout->column_count;
    function->types = arena_alloc(&function->arena, layout->column_count * sizeof *function->types);
    function->names = arena_alloc(&function->arena, layout->column_count * sizeof *function->names);
    function->decoder = decoder_new(layout);
    if (!function->types || !function->names || !function->decoder)
        return false;
    for (size_t i = 0; i < layout->column_count; i++) {
        function->types[i] = layout->columns[i].as.type;
        function->names[i] = layout->columns[i].name;
    }
    return true;
}

static bool open_value(struct function *function)
{
    function->type_count = 1;
    function->types = arena_alloc(&function->arena, sizeof *function->types);
    return function->types && type_parse(function->return_type, function->types);
}

bool function_open(struct function *function, enum function_kind kind, const struct layout *layout,
                   const char *path)
{
    *function = (struct function){.kind = kind, .argument_count = kind == FUNCTION_EXTRACT && !path ? 2 : 1};
    function->return_type = function_type(&function->arena, kind, layout);
    if (path)
        function->path = text_of(path);
    if (kind == FUNCTION_DECODE)
        return open_decode(function, layout) && !function->arena.failed;
    if (kind != FUNCTION_TIMESTAMP && !(function->query = query_new()))
        return false;
    return open_value(function);
}

void function_close(struct function *function)
{
    if (function->decoder)
        decoder_free(function->decoder);
    if (function->query)
        query_free(function->query);
    arena_free(&function->arena);
}

/* Temporal text, or a number as a payload holds it: 1767323045, 1767323045.0, 1.767323045e9. */
static bool timestamp(struct text text, int64_t *ticks)
{
    struct instant instant;
    if (instant_from_text(text, UNIT_AUTO, &instant))
        return instant_to_ticks(instant, TIMESTAMP_DIGITS, ticks);
    if (text.size == 0 || json_number_end(text.data, text.data + text.size) != text.data + text.size)
        return false;
    const struct json_value number = {.kind = VALUE_NUMBER, .text = text};
    struct conversion as = {.unit = UNIT_AUTO};
    struct value value;
    if (!type_parse(TIMESTAMP_TYPE, &as.type) || !convert(&number, &as, NULL, &value))
        return false;
    *ticks = value.as.integer;
    return true;
}

struct answer function_call(struct function *function, const struct text *arguments)
{
    struct value *value = &function->value;
    *value = (struct value){.null = false};
    switch (function->kind) {
    case FUNCTION_DECODE: {
        const struct row *row = decode(function->decoder, arguments[0]);
        return (struct answer){row, row->values};
    }
    case FUNCTION_EXTRACT: {
        struct text path = function->path.data ? function->path : arguments[1];
        value->null = !query_extract(function->query, arguments[0], path, &value->as.text);
        break;
    }
    case FUNCTION_UNNEST:
        value->as.text = query_unnest(function->query, arguments[0]);
        break;
    case FUNCTION_TIMESTAMP:
        value->null = !timestamp(arguments[0], &value->as.integer);
        break;
    }
    if (value->null)
        *value = (struct value){.null = true};
    return (struct answer){NULL, value};
}

struct answer function_refuse(struct function *function, struct text reason)
{
    if (function->kind == FUNCTION_DECODE) {
        const struct row *row = decode_refused(function->decoder, reason);
        return (struct answer){row, row->values};
    }
    function->value = (struct value){.null = true};
    return (struct answer){NULL, &function->value};
}
