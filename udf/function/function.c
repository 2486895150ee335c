#include "function/function.h"

#include "base/hash.h"
#include "json/json_check.h"

#define TIMESTAMP_TYPE "Nullable(DateTime64(6, 'UTC'))"
#define TIMESTAMP_DIGITS 6

/* ---- decode -------------------------------------------------------------------------------------------- */

static const char *row_type(struct arena *arena, const struct layout *layout)
{
    struct text type = TEXT("Tuple(outcome Enum8('event' = 0, 'skipped' = 1, 'error' = 2), reason String");
    for (size_t i = 0; i < layout->column_count; i++)
        type = arena_printf(arena, "%.*s, %.*s %s", TEXT_ARGUMENTS(type),
                            TEXT_ARGUMENTS(layout->columns[i].name), layout->columns[i].as.type.name);
    return arena_printf(arena, "%.*s)", TEXT_ARGUMENTS(type)).data;
}

static bool open_decode(struct function *function, const struct function_options *options)
{
    const struct layout *layout = options->layout;
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

static struct answer call_decode(struct function *function, const struct text *arguments)
{
    const struct row *row = decode(function->decoder, arguments[0]);
    return (struct answer){row, row->values};
}

static struct answer refuse_decode(struct function *function, struct text reason)
{
    const struct row *row = decode_refused(function->decoder, reason);
    return (struct answer){row, row->values};
}

/* ---- Functions of one value ---------------------------------------------------------------------------- */

static bool open_value(struct function *function, const struct function_options *options)
{
    (void)options;
    function->type_count = 1;
    function->types = arena_alloc(&function->arena, sizeof *function->types);
    return function->types && type_parse(function->return_type, function->types);
}

static bool open_query(struct function *function, const struct function_options *options)
{
    function->query = query_new(&options->query);
    return function->query && open_value(function, options);
}

static struct answer answer_value(struct function *function, struct value value)
{
    function->value = value;
    return (struct answer){NULL, &function->value};
}

static struct answer answer_null(struct function *function, struct text reason)
{
    (void)reason;
    return answer_value(function, (struct value){.null = true});
}

static struct answer call_extract(struct function *function, const struct text *arguments)
{
    struct text path = function->path.data ? function->path : arguments[1];
    struct value value = {.null = false};
    if (!query_extract(function->query, arguments[0], path, &value.as.text))
        value = (struct value){.null = true};
    return answer_value(function, value);
}

static struct answer call_unnest(struct function *function, const struct text *arguments)
{
    return answer_value(function, (struct value){.as.text = query_unnest(function->query, arguments[0])});
}

/* Temporal text, or the JSON of what a column of times takes: 1767323045, 1.767323045e9, [2026,1,2], {"$date":1767323045000}. */
static bool read_timestamp(const struct function *function, struct text text, struct arena *arena,
                           struct value *value)
{
    struct json_fault fault;
    struct conversion as = {.type = *function->types, .unit = UNIT_AUTO};
    struct json_value json = {.kind = VALUE_STRING, .text = text};
    if (convert(&json, &as, arena, value))
        return true;
    if (text.size == 0 || !json_check(arena, text, NULL, &fault))
        return false;
    json.kind = text.data[0] == '[' || text.data[0] == '{' ? VALUE_CONTAINER : VALUE_NUMBER;
    return convert(&json, &as, arena, value);
}

static struct answer call_timestamp(struct function *function, const struct text *arguments)
{
    struct arena arena = {0};
    struct value value;
    if (!read_timestamp(function, arguments[0], &arena, &value))
        value = (struct value){.null = true};
    arena_free(&arena);
    return answer_value(function, value);
}

/* ---- The table ----------------------------------------------------------------------------------------- */

const struct function_kind functions[FUNCTION_COUNT] = {
    [FUNCTION_DECODE] = {.command = "decode",
                         .summary = "each message to a typed row",
                         .arguments = {"message"},
                         .takes = FUNCTION_TAKES_LAYOUT,
                         .open = open_decode,
                         .call = call_decode,
                         .refuse = refuse_decode},
    [FUNCTION_EXTRACT] = {.command = "extract",
                          .summary = "the value at a path of each message",
                          .name = "debeziumExtract",
                          .arguments = {"message", "path"},
                          .return_type = "Nullable(String)",
                          .takes = FUNCTION_TAKES_PATH | FUNCTION_TAKES_QUERY_OPTIONS,
                          .open = open_query,
                          .call = call_extract,
                          .refuse = answer_null},
    [FUNCTION_UNNEST] = {.command = "unnest",
                         .summary = "each message with the JSON in its strings expanded",
                         .name = "debeziumUnnest",
                         .arguments = {"message"},
                         .return_type = "String",
                         .takes = FUNCTION_TAKES_QUERY_OPTIONS,
                         .answers_json = true,
                         .open = open_query,
                         .call = call_unnest},
    [FUNCTION_TIMESTAMP] = {.command = "timestamp",
                            .summary = "each text or number as a time",
                            .name = "debeziumTimestamp",
                            .arguments = {"value"},
                            .return_type = TIMESTAMP_TYPE,
                            .open = open_value,
                            .call = call_timestamp,
                            .refuse = answer_null},
};

const char *function_type(struct arena *arena, const struct function_kind *kind, const struct layout *layout)
{
    return kind->return_type ? kind->return_type : row_type(arena, layout);
}

/* Raised by a version whose answers to an unchanged layout mean something else under the same type. */
#define ANSWERS_VERSION "1"

uint64_t function_fingerprint(const struct function_kind *kind, const struct layout *layout,
                              const char *format)
{
    struct arena arena = {.blocks = NULL};
    const char *type = function_type(&arena, kind, layout);
    struct text all = arena_printf(&arena, "%016llx %s %s %s", (unsigned long long)layout->fingerprint,
                                   ANSWERS_VERSION, format, type ? type : "");
    for (const char *const *argument = kind->arguments; *argument; argument++)
        all = arena_printf(&arena, "%.*s %s", TEXT_ARGUMENTS(all), *argument);
    uint64_t hash = hash_of(all);
    bool refused = arena.failed || !type;
    arena_free(&arena);
    return refused ? 0 : hash ? hash : 1;
}

bool function_open(struct function *function, const struct function_kind *kind,
                   const struct function_options *options)
{
    *function = (struct function){.kind = kind, .argument_count = function_arguments(kind)};
    if (options->path) {
        function->path = text_of(options->path);
        function->argument_count--;
    }
    function->return_type = function_type(&function->arena, kind, options->layout);
    return function->return_type && kind->open(function, options) && !function->arena.failed;
}

void function_close(struct function *function)
{
    if (function->decoder)
        decoder_free(function->decoder);
    if (function->query)
        query_free(function->query);
    arena_free(&function->arena);
}
