#include "tool/infer_type.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/digits.h"
#include "value/type.h"

void note_add(struct column_type *column, const char *format, ...)
{
    size_t used = strlen(column->note);
    va_list list;
    va_start(list, format);
    vsnprintf(column->note + used, NOTE_SIZE - used, format, list);
    va_end(list);
}

__attribute__((format(printf, 2, 3))) static void set_type(struct column_type *column, const char *format,
                                                           ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(column->type, TYPE_SIZE, format, list);
    va_end(list);
}

/* ---- What databases and names say ------------------------------------------------------------------------- */

static const struct {
    const char *connector, *name, *decimal; /* decimal: how its exact numbers are declared */
} databases[] = {
    {"postgresql", "PostgreSQL", "numeric(P, S)"}, {"mysql", "MySQL", "decimal(P, S)"},
    {"mariadb", "MariaDB", "decimal(P, S)"},       {"oracle", "Oracle", "NUMBER(P, S)"},
    {"sqlserver", "SQL Server", "decimal(P, S)"},  {"db2", "Db2", "DECIMAL(P, S)"},
    {"informix", "Informix", "DECIMAL(P, S)"},     {"mongodb", "MongoDB", "Decimal128"},
    {"vitess", "Vitess", "decimal(P, S)"},         {"spanner", "Spanner", "NUMERIC"},
    {"cassandra", "Cassandra", "decimal"},         {"cockroachdb", "CockroachDB", "DECIMAL(P, S)"},
};
#define DATABASES (sizeof databases / sizeof *databases)

static size_t database_index(const struct table_sample *table)
{
    size_t i = 0;
    while (i < DATABASES && !text_equal(table->connector, text_of(databases[i].connector)))
        i++;
    return i;
}

const char *database_name(const struct table_sample *table)
{
    size_t i = database_index(table);
    return i < DATABASES ? databases[i].name : "the database";
}

static const char *decimal_name(const struct table_sample *table)
{
    size_t i = database_index(table);
    return i < DATABASES ? databases[i].decimal : "decimal(P, S)";
}

static char lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* Whether a name has this part, in any case, at `at` or, where that is negative, anywhere. */
static bool has_part(struct text name, const char *part, ptrdiff_t at)
{
    size_t size = strlen(part);
    for (size_t i = at < 0 ? 0 : (size_t)at; i + size <= name.size; i++) {
        size_t j = 0;
        while (j < size && lower(name.data[i + j]) == part[j])
            j++;
        if (j == size)
            return true;
        if (at >= 0)
            return false;
    }
    return false;
}

static bool has_end(struct text name, const char *end)
{
    size_t size = strlen(end);
    return name.size >= size && has_part(name, end, (ptrdiff_t)(name.size - size));
}

/* createdAt, but not format. */
static bool ends_in_camel_at(struct text name)
{
    return name.size > 2 && memcmp(name.data + name.size - 2, "At", 2) == 0 &&
           !is_upper(name.data[name.size - 3]);
}

bool is_moment_name(struct text name)
{
    static const char *const not_ends[] = {"by", "id", "count", "number"};
    if (has_part(name, "duration", -1) || has_part(name, "elapsed", -1))
        return false;
    if (has_part(name, "timestamp", -1))
        return true;
    if (has_part(name, "time", -1))
        return false;
    for (size_t i = 0; i < sizeof not_ends / sizeof *not_ends; i++)
        if (has_end(name, not_ends[i]))
            return false;
    return has_end(name, "_at") || has_end(name, "_ts") || ends_in_camel_at(name) ||
           has_part(name, "created", 0) || has_part(name, "updated", 0);
}

/* ---- By the schema ---------------------------------------------------------------------------------------- */

#define VARIABLE_DECIMAL "Decimal(76, 38)"

static void choose_variable_decimal(const struct table_sample *table, struct column_type *column)
{
    set_type(column, VARIABLE_DECIMAL);
    column->base64 = true;
    note_add(
        column,
        "; a number of %s without a scale of its own: more than 38 digits before or after the point are a dead letter",
        database_name(table));
}

static void choose_decimal(const struct member *member, struct column_type *column)
{
    const struct connect_schema *schema = &member->schema;
    int scale = schema->scale, precision = schema->precision ? schema->precision : 38;
    if (scale < 0)
        precision -= scale;
    if (scale > precision)
        precision = scale;
    if (precision > 76) {
        note_add(
            column,
            "; a decimal of %d digits, more than the 76 that ClickHouse has: the base64 of its unscaled bytes",
            precision);
        return;
    }
    set_type(column, "Decimal(%d, %d)", precision, scale < 0 ? 0 : scale);
    /* JsonConverter's decimal.format is BASE64 or NUMERIC. */
    column->base64 = member->facts.numbers == 0;
}

static unsigned text_time_precision(const struct table_sample *table, unsigned fraction)
{
    unsigned precision =
        text_equal(table->connector, TEXT("sqlserver"))                                             ? 7
        : text_equal(table->connector, TEXT("oracle")) || text_equal(table->connector, TEXT("db2")) ? 9
                                                                                                    : 6;
    return fraction > precision ? 9 : precision;
}

static const char *element_type(const struct connect_schema *schema)
{
    const struct schema_column *known = schema_column_of(schema->element_semantic);
    if (schema->element_semantic[0])
        return known && known->type &&
                       (strcmp(known->type, "String") == 0 || strcmp(known->type, "UUID") == 0)
                   ? known->type
                   : NULL;
    return schema->element == CONNECT_BOOLEAN   ? "Bool"
           : schema->element == CONNECT_INTEGER ? "Int64"
           : schema->element == CONNECT_DOUBLE  ? "Float64"
           : schema->element == CONNECT_FLOAT   ? "Float32"
           : schema->element == CONNECT_STRING  ? "String"
                                                : NULL;
}

static void choose_array(const struct table_sample *table, const struct member *member,
                         struct column_type *column)
{
    const char *element = element_type(&member->schema);
    struct type parsed;
    char type[TYPE_SIZE];
    if (element && !member->schema.optional) {
        snprintf(type, sizeof type, member->schema.element_optional ? "Array(Nullable(%s))" : "Array(%s)",
                 element);
        if (type_parse(type, &parsed)) {
            set_type(column, "%s", type);
            return;
        }
    }
    note_add(column, "; an array, kept as JSON, so that NULL differs from an empty array");
    if (element && text_equal(table->connector, TEXT("postgresql")) && strcmp(element, "String") != 0 &&
        strcmp(element, "UUID") != 0 && strcmp(element, "Int64") != 0)
        note_add(column,
                 "; an unchanged large one arrives as NULL unless the table has REPLICA IDENTITY FULL");
}

/* Times that the type does not hold are kept as what the messages have: counts of the unit, or text. */
static void keep_outside(const struct member *member, const struct schema_column *known,
                         struct column_type *column)
{
    bool day = strcmp(known->type, "Date32") == 0, text = member->facts.strings > 0;
    set_type(column, text ? "String" : "Int64");
    note_add(column, "; %" PRIu64 " values are outside %s: kept as %s", member->outside, known->type,
             text  ? "text"
             : day ? "days since 1970"
                   : "counts since 1970 in ");
    column->unit = text ? NULL : day ? "days" : known->unit;
    if (!text && !day)
        note_add(column, "%s", known->unit);
    note_add(column, "; with type %s", known->type);
    if (known->unit)
        note_add(column, " and unit %s", known->unit);
    note_add(column, " they are dead letters");
}

static void choose_by_semantic(const struct table_sample *table, const struct member *member,
                               const struct schema_column *known, struct column_type *column)
{
    if (member->outside > 0) {
        keep_outside(member, known, column);
        return;
    }
    set_type(column, "%s", known->type);
    if (!known->unit && strncmp(known->type, "DateTime64", 10) == 0)
        set_type(column, "DateTime64(%u, 'UTC')", text_time_precision(table, member->facts.fraction));
    /* Where the unit of a time changed within the sample, each message's own schema says it; a count has one unit alone. */
    column->unit = member->schema_changed && strcmp(known->type, "Int64") != 0 ? NULL : known->unit;
    if (known->note)
        note_add(column, "; %s", known->note);
}

static void note_epoch(const struct member *member, struct column_type *column);

static bool choose_by_schema(const struct table_sample *table, const struct member *member,
                             struct column_type *column)
{
    const struct connect_schema *schema = &member->schema;
    const struct schema_column *known = schema_column_of(schema->semantic);
    set_type(column, "String");
    if (schema->type == CONNECT_NONE || schema->type == CONNECT_OTHER)
        return false;
    if (known)
        choose_by_semantic(table, member, known, column);
    else if (strcmp(schema->semantic, DECIMAL_NAME) == 0)
        choose_decimal(member, column);
    else if (strcmp(schema->semantic, VARIABLE_DECIMAL_NAME) == 0)
        choose_variable_decimal(table, column);
    else if (schema->type == CONNECT_BOOLEAN)
        set_type(column, "Bool");
    else if (schema->type == CONNECT_INTEGER) {
        set_type(column, "Int64");
        note_epoch(member, column);
    } else if (schema->type == CONNECT_FLOAT || schema->type == CONNECT_DOUBLE) {
        set_type(column, schema->type == CONNECT_FLOAT ? "Float32" : "Float64");
        column->nan = true;
    } else if (schema->type == CONNECT_ARRAY)
        choose_array(table, member, column);
    else if (schema->type == CONNECT_BYTES)
        note_add(column, "; bytes as base64");
    else if (schema->type != CONNECT_STRING)
        note_add(column, "; kept as JSON");
    if (!known && schema->semantic[0] && !strstr(schema->semantic, "Decimal"))
        note_add(column, "; its schema is named %s", schema->semantic);
    if (member->schema_changed)
        note_add(column, "; its schema changed within the sample");
    return true;
}

/* ---- By the values ---------------------------------------------------------------------------------------- */

struct epoch {
    const char *unit, *type;
};
static const struct epoch epochs[EPOCH_UNITS] = {
    [EPOCH_DAYS] = {"days", "Date32"},
    [EPOCH_SECONDS] = {"s", "DateTime64(0, 'UTC')"},
    [EPOCH_MILLIS] = {"ms", "DateTime64(3, 'UTC')"},
    [EPOCH_MICROS] = {"us", "DateTime64(6, 'UTC')"},
    [EPOCH_NANOS] = {"ns", "DateTime64(9, 'UTC')"},
};

/* The unit in which all values lie in 2000 to 2099, or NULL. */
static const struct epoch *epoch_of(const struct value_facts *facts)
{
    for (int unit = 0; unit < EPOCH_UNITS; unit++)
        if (facts->count > 0 && facts->epochs[unit] == facts->count)
            return &epochs[unit];
    return NULL;
}

/* What a person may know: that the numbers are times. Said where a quarter of them would be of this century. */
static void note_epoch(const struct member *member, struct column_type *column)
{
    const struct value_facts *facts = &member->facts;
    for (int unit = 0; unit < EPOCH_UNITS; unit++) {
        if (facts->epochs[unit] == 0 || 4 * facts->epochs[unit] < facts->count)
            continue;
        note_add(column,
                 "; as %s %" PRIu64 " of %" PRIu64 " would be in 2000 to 2099: if they are %s, write type %s",
                 epochs[unit].unit, facts->epochs[unit], facts->count, unit == EPOCH_DAYS ? "dates" : "times",
                 epochs[unit].type);
        if (unit != EPOCH_DAYS)
            note_add(column, " and unit %s", epochs[unit].unit);
    }
}

static void choose_whole(const struct member *member, struct column_type *column)
{
    static const char *const types[] = INTEGER_TYPES;
    const struct epoch *epoch = epoch_of(&member->facts);
    enum integer_width width = facts_width(&member->facts);
    struct type parsed;
    bool seconds = epoch == &epochs[EPOCH_SECONDS], days = epoch == &epochs[EPOCH_DAYS];
    if (epoch && !days && (!seconds || member->depth > 1) && is_moment_name(member->name)) {
        set_type(column, "%s", epoch->type);
        column->unit = epoch->unit;
        note_add(column, "; as %s all are in 2000 to 2099, and the name suggests a time", epoch->unit);
        return;
    }
    if (width == WIDTH_NONE || !type_parse(types[width], &parsed)) {
        note_add(column, "; whole numbers wider than any type");
        return;
    }
    set_type(column, "%s", types[width]);
    note_add(column, "; whole numbers");
    note_epoch(member, column);
}

/* Digits for values that come later, too. */
static void choose_wide(const struct value_facts *facts, struct column_type *column)
{
    unsigned digits = facts->before + facts->behind;
    struct type parsed;
    char type[TYPE_SIZE];
    if (digits <= 28)
        snprintf(type, sizeof type, "Decimal(38, %u)", facts->behind + 4);
    else
        snprintf(type, sizeof type, "Decimal(76, %u)", facts->behind + 8);
    if (digits > 60 || !type_parse(type, &parsed)) {
        note_add(column, "; numbers of up to %u digits, kept as text", digits);
        return;
    }
    set_type(column, "%s", type);
    note_add(column, "; numbers of up to %u digits before and %u after the point, too many for a Float64",
             facts->before, facts->behind);
}

static void choose_number(const struct member *member, struct column_type *column)
{
    const struct value_facts *facts = &member->facts;
    bool whole = facts->whole == facts->numbers && facts->infinite == 0;
    if (facts->wide_decimals > 0 || (!whole && facts->inexact > 0)) {
        choose_wide(facts, column);
    } else if (whole) {
        choose_whole(member, column);
    } else {
        set_type(column, "Float64");
        column->nan = member->depth == 1 || facts->infinite > 0;
        note_add(column, "; numbers");
    }
}

static void note_text(const struct table_sample *table, const struct value_facts *facts,
                      struct column_type *column)
{
    if (facts->documents == facts->count)
        note_add(column, "; JSON");
    else if (facts->documents > 0)
        note_add(column, "; JSON in %" PRIu64, facts->documents);
    else if (facts->coded == facts->count)
        note_add(column, "; JSON as base64: base64_documents opens it");
    else if (facts->decimals == facts->count)
        note_add(column, "; numbers as text: if %s has %s, write type Decimal(P, S)", database_name(table),
                 decimal_name(table));
    else if (facts->decimals + facts->infinite == facts->count && facts->infinite > 0)
        note_add(column, "; numbers as text: if %s has a float, write type Float64 and nan true",
                 database_name(table));
    else if (facts->base64 + facts->empty == facts->count && facts->marked > 0)
        note_add(
            column,
            "; base64: if %s has %s, write type Decimal(P, S) and encoding base64, otherwise they are bytes",
            database_name(table), decimal_name(table));
    else if (facts->times + facts->dates > 0)
        note_add(column,
                 "; ISO times or dates in %" PRIu64 ": if they are times, write type DateTime64(6, 'UTC')",
                 facts->times + facts->dates);
}

static void choose_text(const struct table_sample *table, const struct member *member,
                        struct column_type *column)
{
    const struct value_facts *facts = &member->facts;
    bool full = facts->empty == 0 && !member->empty_text_in_deletes;
    if (full && facts->dates == facts->count) {
        set_type(column, "Date32");
        column->unit = "auto"; /* A number is no date here. */
        note_add(column, "; ISO dates");
    } else if (full && facts->times == facts->count && facts->fraction <= 9) {
        set_type(column, "DateTime64(%u, 'UTC')", facts->fraction > 6 ? 9u : 6u);
        note_add(column, "; ISO times");
    } else if (full && facts->uuids == facts->count) {
        set_type(column, "UUID");
        note_add(column, "; UUIDs");
    } else {
        note_text(table, facts, column);
    }
}

static void note_mixture(const struct value_facts *facts, struct column_type *column)
{
    const struct {
        uint64_t count;
        const char *what;
    } kinds[] = {{facts->strings, "texts"}, {facts->numbers, "numbers"}, {facts->booleans, "true or false"},
                 {facts->arrays, "arrays"}, {facts->objects, "objects"}, {facts->moments, "times"}};
    const char *joint = "; ";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].count == 0)
            continue;
        note_add(column, "%s%s in %" PRIu64, joint, kinds[i].what, kinds[i].count);
        joint = ", ";
    }
    uint64_t moments = facts->times + facts->dates;
    for (int unit = EPOCH_SECONDS; unit < EPOCH_UNITS; unit++)
        moments += facts->epochs[unit];
    if (moments == facts->count)
        note_add(column, "; all could be times: if they are, write type DateTime64(6, 'UTC')");
}

static void choose_by_values(const struct table_sample *table, const struct member *member,
                             struct column_type *column)
{
    const struct value_facts *facts = &member->facts;
    set_type(column, "String");
    if (facts->count == 0)
        note_add(column, "; no value in the sample: a String holds any value");
    else if (facts->strings == facts->count)
        choose_text(table, member, column);
    else if (facts->numbers > 0 && facts->numbers + facts->infinite == facts->count)
        choose_number(member, column);
    else if (facts->booleans == facts->count)
        set_type(column, "Bool");
    else if (facts->moments == facts->count)
        set_type(column, "DateTime64(3, 'UTC')");
    else if (facts->scaled == facts->count && member->depth == 1)
        choose_variable_decimal(table, column);
    else if (facts->objects == facts->count || facts->arrays == facts->count)
        note_add(column, "; %s as JSON", facts->arrays ? "arrays" : "objects");
    else
        note_mixture(facts, column);
}

/* ---- The column ------------------------------------------------------------------------------------------- */

static void note_counts(const struct table_sample *table, const struct member *member,
                        struct column_type *column)
{
    note_add(column, "in %" PRIu64 " of %" PRIu64 " rows", member->present, table->rows);
    if (member->nulls)
        note_add(column, ", NULL in %" PRIu64, member->nulls);
    if (member->left_out)
        note_add(column, ", left out of %" PRIu64, member->left_out);
}

static void keep_as_text(struct column_type *column)
{
    if (strcmp(column->type, "String") == 0)
        return;
    note_add(
        column,
        "; kept as text, since a document's later values may be of any type; type %s holds those of the sample",
        column->type);
    if (column->unit)
        note_add(column, ", with unit %s", column->unit);
    set_type(column, "String");
    column->unit = NULL;
    column->nan = false;
}

void column_type_choose(const struct table_sample *table, const struct member *member, bool key,
                        bool document, struct column_type *column)
{
    char type[TYPE_SIZE];
    *column = (struct column_type){.note = ""};
    note_counts(table, member, column);
    bool told = choose_by_schema(table, member, column);
    if (!told)
        choose_by_values(table, member, column);
    if (document)
        keep_as_text(column);
    bool nullable = !key && (!told || member->schema.optional) && strncmp(column->type, "Array(", 6) != 0;
    if (!nullable)
        return;
    memcpy(type, column->type, sizeof type);
    set_type(column, "Nullable(%.*s)", TYPE_SIZE - 12, type);
}
