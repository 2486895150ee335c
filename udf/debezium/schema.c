#include "debezium/schema.h"

#include "base/digits.h"

static bool is_float(const struct type *type)
{
    enum type_kind kind = type_scalar_kind(type);
    return kind == TYPE_FLOAT32 || kind == TYPE_FLOAT64;
}

/* Where values are to be exact, the schema is asked for the unit though the layout names one, since the connector's mode may have
 * changed, and whether a number comes from a float. */
bool schema_matters(const struct column *column)
{
    const struct conversion *as = &column->as;
    return as->base64 || (type_is_temporal(&as->type) && (as->unit == UNIT_AUTO || as->exact)) ||
           (is_float(&as->type) && as->exact) || (type_is_integer(&as->type) && as->unit != UNIT_AUTO);
}

/* The schema of the value that a path leads to, or NULL. */
static const struct json_node *schema_of(const struct view *view, const struct path *path,
                                         struct arena *arena)
{
    const struct json_node *schema = view->schema.node;
    size_t i = 0;
    if (path->space < SPACES && path->space != SPACE_MESSAGE) {
        schema = view_schema(view, &view->image[path->space], path->steps[1].name, arena);
        i = 2;
    }
    for (; i < path->count && schema; i++)
        schema = schema_field(view->schema.doc, schema, path->steps[i].name, arena);
    return schema;
}

static struct text text_member(const struct json_doc *doc, const struct json_node *schema, struct text key,
                               struct arena *arena)
{
    const struct json_node *node = json_member(doc, schema, key, arena);
    return node && node->kind == JSON_STRING ? json_text(doc, node, arena) : (struct text){"", 0};
}

struct text schema_name(const struct view *view, const struct path *path, struct arena *arena)
{
    const struct json_node *schema = schema_of(view, path, arena);
    const struct text name = text_member(view->schema.doc, schema, TEXT("name"), arena);
    return name.size ? name : text_member(view->schema.doc, schema, TEXT("type"), arena);
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
        {{"io.debezium.time.MicroDuration", 30}, UNIT_MICROS},
        {{"io.debezium.time.NanoDuration", 29}, UNIT_NANOS},
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
    if (!digits_read(text_from(digits, minus), &size) || size > INT16_MAX)
        return false;
    *scale = (int16_t)(minus ? -(int)size : (int)size);
    return true;
}

/* Whether a schema says a float. Its decimal is then what Java writes of it, which is not always the shortest, and reads as the same
 * float: it is exact however many digits it has. */
static bool is_float_schema(const struct json_doc *doc, const struct json_node *schema,
                            const struct type *type, struct arena *arena)
{
    const struct text name = text_member(doc, schema, TEXT("type"), arena);
    bool narrow = text_equal(name, TEXT("float")) || text_equal(name, TEXT("float32"));
    bool wide = text_equal(name, TEXT("double")) || text_equal(name, TEXT("float64"));
    return narrow || (wide && type_scalar_kind(type) == TYPE_FLOAT64);
}

/* A column of Connect's Decimals, whose bytes are in base64. With another decimal.handling.mode they come as numbers or texts, some of
 * which are base64, too: 1234. */
static void refine_decimal(const struct json_doc *doc, const struct json_node *schema, struct arena *arena,
                           struct conversion *as)
{
    static const struct text plain[] = {{"string", 6},  {"int8", 4},   {"int16", 5},
                                        {"int32", 5},   {"int64", 5},  {"float", 5},
                                        {"float32", 7}, {"double", 6}, {"float64", 7}};
    const struct text name = text_member(doc, schema, TEXT("name"), arena);
    const struct text type = text_member(doc, schema, TEXT("type"), arena);
    as->has_scale = read_scale(doc, schema, arena, &as->scale);
    as->foreign = as->exact && text_equal(type, TEXT("bytes")) &&
                  !text_equal(name, TEXT("org.apache.kafka.connect.data.Decimal"));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        as->base64 &= !text_equal(type, plain[i]);
}

void schema_refine(const struct view *view, const struct path *path, struct arena *arena,
                   struct conversion *as)
{
    const struct json_doc *doc = view->schema.doc;
    const struct json_node *schema = schema_of(view, path, arena);
    for (unsigned i = 0; i < as->type.depth; i++)
        schema = json_member(doc, schema, TEXT("items"), arena);
    if (as->base64) {
        refine_decimal(doc, schema, arena, as);
        return;
    }
    if (is_float(&as->type)) {
        as->exact = !is_float_schema(doc, schema, &as->type, arena);
        return;
    }
    const enum time_unit unit = unit_of(text_member(doc, schema, TEXT("name"), arena));
    if (type_is_integer(&as->type))
        as->foreign = unit != UNIT_AUTO && unit != as->unit;
    else if (unit != UNIT_AUTO)
        as->unit = unit;
}

bool schema_memo_open(struct schema_memo *memo, struct arena *arena, size_t columns)
{
    *memo = (struct schema_memo){.columns = columns};
    memo->answers = arena_alloc(arena, columns * sizeof *memo->answers);
    memo->text = arena_alloc(arena, SCHEMA_KEPT);
    if (memo->answers)
        memset(memo->answers, 0, columns * sizeof *memo->answers);
    return memo->answers && memo->text;
}

/* Takes over how the images of this message are named; answers whether the last message's were named alike. */
static bool recall_spaces(struct schema_memo *memo, const struct view *view)
{
    bool same = true;
    for (unsigned i = 0; i < SPACES; i++) {
        const struct image *image = &view->image[i];
        struct schema_space *space = &memo->spaces[i];
        same &= space->naming == image->naming && space->field == image->field.data &&
                space->prefix == image->prefix.data;
        *space = (struct schema_space){image->naming, image->field.data, image->prefix.data};
    }
    return same;
}

void schema_recall(struct schema_memo *memo, const struct view *view)
{
    struct text text = json_raw(view->schema.doc, view->schema.node);
    const bool same_spaces = recall_spaces(memo, view);
    if (same_spaces && text.size <= SCHEMA_KEPT && text_equal(text, (struct text){memo->text, memo->size}))
        return;
    memo->size = text.size;
    if (text.size <= SCHEMA_KEPT)
        memcpy(memo->text, text.data, text.size);
    memset(memo->answers, 0, memo->columns * sizeof *memo->answers);
}

const struct conversion *schema_conversion(struct schema_memo *memo, size_t index, const struct view *view,
                                           const struct path *path, const struct column *column,
                                           struct arena *arena)
{
    struct schema_answer *answer = &memo->answers[index];
    if (answer->path == path)
        return &answer->as;
    *answer = (struct schema_answer){path, column->as};
    schema_refine(view, path, arena, &answer->as);
    if (arena->failed)
        answer->path = NULL; /* it may not be what the schema says */
    return &answer->as;
}
