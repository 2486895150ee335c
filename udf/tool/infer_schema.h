/* What a message's own schema says of a member, and the column that follows from it.
 *
 * Sources: Kafka Connect's schemas as JsonConverter writes them
 * (https://kafka.apache.org/documentation/#connect), Debezium's "Data type mappings"
 * (https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types and the pages of the other
 * connectors). */
#ifndef INFER_SCHEMA_H
#define INFER_SCHEMA_H

#include "value/timestamp.h"
#include "json/json.h"

enum connect_type {
    CONNECT_NONE, /* no schema */
    CONNECT_BOOLEAN,
    CONNECT_INTEGER,
    CONNECT_FLOAT,
    CONNECT_DOUBLE,
    CONNECT_STRING,
    CONNECT_BYTES,
    CONNECT_ARRAY,
    CONNECT_MAP,
    CONNECT_STRUCT,
    CONNECT_OTHER, /* a type that is not in Connect's list */
};

#define SEMANTIC_SIZE 64 /* bytes of a schema's name that are kept, with the zero at the end */

/* A schema of one value. */
struct connect_schema {
    enum connect_type type;
    char semantic[SEMANTIC_SIZE]; /* its name, such as io.debezium.time.Date; empty where it has none */
    bool optional;
    bool wide;            /* int64 */
    int scale, precision; /* of a Decimal; precision 0: not said */
    /* An array's elements: */
    enum connect_type element;
    char element_semantic[SEMANTIC_SIZE];
    bool element_optional;
};

/* A column's type as a schema says it. */
struct schema_column {
    const char *type; /* NULL: of a decimal, an array or nothing that is known by its name */
    const char *unit; /* or NULL */
    const char *note; /* or NULL */
};

/* Reads a schema's node; texts come from the arena. */
void connect_schema_read(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                         struct connect_schema *schema);

/* Whether two schemas say the same of a column. */
bool connect_schema_equal(const struct connect_schema *a, const struct connect_schema *b);

#define DECIMAL_NAME "org.apache.kafka.connect.data.Decimal"
#define JSON_NAME "io.debezium.data.Json"
#define VARIABLE_DECIMAL_NAME "io.debezium.data.VariableScaleDecimal"

/* The column that a schema's name stands for, or NULL. */
const struct schema_column *schema_column_of(const char *semantic);

/* Its unit as a conversion has it. */
enum time_unit schema_unit_of(const struct schema_column *column);

#endif
