#include "debezium/schema.h"

#include "base/digits.h"

bool schema_matters(const struct column *column)
{
    return column->as.base64 || (type_is_temporal(&column->as.type) && column->as.unit == UNIT_AUTO);
}

/* The field of this name among the fields of a struct's schema, or NULL. */
static const struct json_node *find_field(const struct json_doc *doc, const struct json_node *schema,
                                          struct text name, struct arena *arena)
{
    const struct json_node *fields = json_member(doc, schema, TEXT("fields"), arena);
    if (!fields || fields->kind != JSON_ARRAY)
        return NULL;
    for (const struct json_node *field = json_first(doc, fields); field;
         field = json_after(doc, fields, field)) {
        const struct json_node *field_name = json_member(doc, field, TEXT("field"), arena);
        if (field_name && text_equal(json_text(doc, field_name, arena), name))
            return field;
    }
    return NULL;
}

/* The schema of the value that a path leads to, or NULL. */
static const struct json_node *schema_of(const struct json_doc *doc, const struct envelope *envelope,
                                         const struct path *path, struct arena *arena)
{
    const struct json_node *schema = envelope->schema;
    bool flat = envelope->shape == SHAPE_FLATTENED, bare = envelope->shape == SHAPE_UNWRAPPED;
    for (size_t i = bare && path->row ? 1 : 0; i < path->count && schema; i++) {
        struct text name = path->steps[i].name;
        if (i == 0 && path->row && envelope->before)
            name = TEXT("before");
        if (i == 0 && flat && path->count > 1) {
            struct text rest = path->steps[1].name;
            name = arena_printf(arena, "%.*s.%.*s", (int)name.size, name.data, (int)rest.size, rest.data);
            i++;
        }
        schema = find_field(doc, schema, name, arena);
    }
    return schema;
}

/* Semantic types: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types */
static enum time_unit unit_of(struct text name)
{
    static const struct {
        struct text name;
        enum time_unit unit;
    } known[] = {
        {{"io.debezium.time.Date", 21}, UNIT_DAYS},
        {{"io.debezium.time.Timestamp", 26}, UNIT_MILLIS},
        {{"io.debezium.time.MicroTimestamp", 31}, UNIT_MICROS},
        {{"io.debezium.time.NanoTimestamp", 30}, UNIT_NANOS},
        {{"io.debezium.time.Time", 21}, UNIT_MILLIS},
        {{"io.debezium.time.MicroTime", 26}, UNIT_MICROS},
        {{"io.debezium.time.NanoTime", 25}, UNIT_NANOS},
        {{"org.apache.kafka.connect.data.Date", 34}, UNIT_DAYS},
        {{"org.apache.kafka.connect.data.Time", 34}, UNIT_MILLIS},
        {{"org.apache.kafka.connect.data.Timestamp", 39}, UNIT_MILLIS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal(name, known[i].name))
            return known[i].unit;
    return UNIT_AUTO;
}

/* Kafka Connect's Decimal: a scale in digits, with a minus where the numbers are multiples of a power of ten. */
static bool read_scale(const struct json_doc *doc, const struct json_node *schema, struct arena *arena,
                       int16_t *scale)
{
    const struct json_node *parameters = json_member(doc, schema, TEXT("parameters"), arena);
    const struct json_node *node = json_member(doc, parameters, TEXT("scale"), arena);
    if (!node || node->kind != JSON_STRING)
        return false;
    struct text digits = json_text(doc, node, arena);
    const bool minus = text_starts(digits, TEXT("-"));
    uint64_t size;
    if (!digits_read(text_from(digits, minus), &size) || size > 999)
        return false;
    *scale = (int16_t)(minus ? -(int)size : (int)size);
    return true;
}

void schema_refine(const struct json_doc *doc, const struct envelope *envelope, const struct path *path,
                   struct arena *arena, struct conversion *as)
{
    const struct json_node *schema = schema_of(doc, envelope, path, arena);
    for (unsigned i = 0; i < as->type.depth; i++)
        schema = json_member(doc, schema, TEXT("items"), arena);
    if (as->base64) {
        as->has_scale = read_scale(doc, schema, arena, &as->scale);
        return;
    }
    const struct json_node *name = json_member(doc, schema, TEXT("name"), arena);
    if (name && name->kind == JSON_STRING)
        as->unit = unit_of(json_text(doc, name, arena));
}

bool schema_memo_open(struct schema_memo *memo, struct arena *arena, size_t columns)
{
    *memo = (struct schema_memo){.columns = columns};
    memo->said = arena_alloc(arena, columns * sizeof *memo->said);
    memo->text = arena_alloc(arena, SCHEMA_KEPT);
    if (memo->said)
        memset(memo->said, 0, columns * sizeof *memo->said);
    return memo->said && memo->text;
}

void schema_recall(struct schema_memo *memo, const struct json_doc *doc, const struct envelope *envelope)
{
    struct text text = json_raw(doc, envelope->schema);
    if (text.size <= SCHEMA_KEPT && text_equal(text, (struct text){memo->text, memo->size}) &&
        memo->shape == envelope->shape && memo->before == envelope->before)
        return;
    memo->shape = envelope->shape;
    memo->before = envelope->before;
    memo->size = text.size;
    if (text.size <= SCHEMA_KEPT)
        memcpy(memo->text, text.data, text.size);
    memset(memo->said, 0, memo->columns * sizeof *memo->said);
}

const struct conversion *schema_says(struct schema_memo *memo, size_t index, const struct json_doc *doc,
                                     const struct envelope *envelope, const struct path *path,
                                     const struct column *column, struct arena *arena)
{
    struct schema_said *said = &memo->said[index];
    if (said->path == path)
        return &said->as;
    *said = (struct schema_said){path, column->as};
    schema_refine(doc, envelope, path, arena, &said->as);
    if (arena->failed)
        said->path = NULL; /* it may not be what the schema says */
    return &said->as;
}
