#include "tool/infer_schema.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum connect_type type;
} connect_types[] = {
    {"boolean", CONNECT_BOOLEAN}, {"int8", CONNECT_INTEGER},  {"int16", CONNECT_INTEGER},
    {"int32", CONNECT_INTEGER},   {"int64", CONNECT_INTEGER}, {"float", CONNECT_FLOAT},
    {"float32", CONNECT_FLOAT},   {"double", CONNECT_DOUBLE}, {"float64", CONNECT_DOUBLE},
    {"string", CONNECT_STRING},   {"bytes", CONNECT_BYTES},   {"array", CONNECT_ARRAY},
    {"map", CONNECT_MAP},         {"struct", CONNECT_STRUCT},
};

#define TIMES(precision) "DateTime64(" precision ", 'UTC')"

static const struct {
    const char *semantic;
    struct schema_column column;
} semantics[] = {
    {"io.debezium.time.Date", {"Date32", NULL, NULL}},
    {"org.apache.kafka.connect.data.Date", {"Date32", NULL, NULL}},
    {"io.debezium.time.IsoDate", {"Date32", NULL, NULL}},
    {"io.debezium.time.Timestamp", {TIMES("3"), "ms", NULL}},
    {"org.apache.kafka.connect.data.Timestamp", {TIMES("3"), "ms", NULL}},
    {"io.debezium.time.MicroTimestamp", {TIMES("6"), "us", NULL}},
    {"io.debezium.time.NanoTimestamp", {TIMES("9"), "ns", NULL}},
    {"io.debezium.time.ZonedTimestamp", {TIMES("6"), NULL, NULL}},
    {"io.debezium.time.IsoTimestamp", {TIMES("6"), NULL, NULL}},
    {"io.debezium.time.Time", {"Int64", "ms", "a time of day in milliseconds"}},
    {"org.apache.kafka.connect.data.Time", {"Int64", "ms", "a time of day in milliseconds"}},
    {"io.debezium.time.MicroTime", {"Int64", "us", "a time of day or a duration in microseconds"}},
    {"io.debezium.time.NanoTime", {"Int64", "ns", "a time of day or a duration in nanoseconds"}},
    {"io.debezium.time.MicroDuration",
     {"Int64", "us", "a duration in microseconds, a month counted as 30.4375 days"}},
    {"io.debezium.time.NanoDuration",
     {"Int64", "ns", "a duration in nanoseconds, a month counted as 30.4375 days"}},
    {"io.debezium.time.Interval", {"String", NULL, "a duration as ISO 8601 text"}},
    {"io.debezium.time.ZonedTime", {"String", NULL, "a time of day in UTC as text"}},
    {"io.debezium.time.IsoTime", {"String", NULL, "a time of day as text"}},
    {"io.debezium.time.Year", {"Int64", NULL, "a year"}},
    {"io.debezium.data.Uuid", {"UUID", NULL, NULL}},
    {"io.debezium.data.Enum",
     {"String", NULL, "an enumeration; a comma in a value comes with a backslash before it"}},
    {"io.debezium.data.EnumSet", {"String", NULL, "a set, its values joined by commas"}},
    {JSON_NAME, {"String", NULL, "JSON"}},
    {"io.debezium.data.Xml", {"String", NULL, "XML"}},
    {"io.debezium.data.Bits", {"String", NULL, "bits, the lowest byte first, as base64"}},
    {"io.debezium.data.Ltree", {"String", NULL, NULL}},
    {"io.debezium.data.geometry.Point", {"String", NULL, "a geometry as JSON"}},
    {"io.debezium.data.geometry.Geometry", {"String", NULL, "a geometry as JSON"}},
    {"io.debezium.data.geometry.Geography", {"String", NULL, "a geography as JSON"}},
};

static void copy_name(char out[SEMANTIC_SIZE], struct text name)
{
    name = text_cut(name, SEMANTIC_SIZE - 1);
    if (name.size)
        memcpy(out, name.data, name.size);
    out[name.size] = '\0';
}

static struct text text_member(const struct json_doc *doc, const struct json_node *node, const char *name,
                               struct arena *arena)
{
    const struct json_node *member = json_member(doc, node, text_of(name), arena);
    return member && member->kind != JSON_NULL ? json_text(doc, member, arena) : (struct text){"", 0};
}

static enum connect_type read_type(const struct json_doc *doc, const struct json_node *node,
                                   struct arena *arena)
{
    struct text name = text_member(doc, node, "type", arena);
    for (size_t i = 0; i < sizeof connect_types / sizeof *connect_types; i++)
        if (text_equal(name, text_of(connect_types[i].name)))
            return connect_types[i].type;
    return CONNECT_OTHER;
}

/* Connect's own default is that a value is not optional. */
static bool read_optional(const struct json_doc *doc, const struct json_node *node, struct arena *arena)
{
    const struct json_node *optional = json_member(doc, node, TEXT("optional"), arena);
    return optional && optional->kind == JSON_TRUE;
}

static int read_parameter(const struct json_doc *doc, const struct json_node *node, const char *name,
                          struct arena *arena)
{
    const struct json_node *parameters = json_member(doc, node, TEXT("parameters"), arena);
    struct text number = text_member(doc, parameters, name, arena);
    char digits[8];
    if (number.size == 0 || number.size >= sizeof digits)
        return 0;
    memcpy(digits, number.data, number.size);
    digits[number.size] = '\0';
    return atoi(digits);
}

void connect_schema_read(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                         struct connect_schema *schema)
{
    *schema = (struct connect_schema){.type = read_type(doc, node, arena),
                                      .optional = read_optional(doc, node, arena)};
    copy_name(schema->semantic, text_member(doc, node, "name", arena));
    schema->wide = text_equal(text_member(doc, node, "type", arena), TEXT("int64"));
    schema->scale = read_parameter(doc, node, "scale", arena);
    schema->precision = read_parameter(doc, node, "connect.decimal.precision", arena);
    const struct json_node *items = json_member(doc, node, TEXT("items"), arena);
    if (schema->type != CONNECT_ARRAY || !items)
        return;
    schema->element = read_type(doc, items, arena);
    schema->element_optional = read_optional(doc, items, arena);
    copy_name(schema->element_semantic, text_member(doc, items, "name", arena));
}

bool connect_schema_equal(const struct connect_schema *a, const struct connect_schema *b)
{
    return a->type == b->type && strcmp(a->semantic, b->semantic) == 0 && a->optional == b->optional &&
           a->scale == b->scale && a->precision == b->precision && a->element == b->element &&
           strcmp(a->element_semantic, b->element_semantic) == 0 &&
           a->element_optional == b->element_optional;
}

const struct schema_column *schema_column_of(const char *semantic)
{
    for (size_t i = 0; i < sizeof semantics / sizeof *semantics; i++)
        if (strcmp(semantics[i].semantic, semantic) == 0)
            return &semantics[i].column;
    return NULL;
}

enum time_unit schema_unit_of(const struct schema_column *column)
{
    if (strcmp(column->type, "Date32") == 0)
        return UNIT_DAYS;
    return !column->unit                     ? UNIT_AUTO
           : strcmp(column->unit, "ms") == 0 ? UNIT_MILLIS
           : strcmp(column->unit, "us") == 0 ? UNIT_MICROS
                                             : UNIT_NANOS;
}
