/* One JSON value to one ClickHouse type: the rules for values. */
#ifndef CONVERT_H
#define CONVERT_H

#include "base/arena.h"
#include "value/timestamp.h"
#include "value/type.h"

enum value_kind { VALUE_FALSE, VALUE_TRUE, VALUE_NUMBER, VALUE_STRING, VALUE_CONTAINER };

/* A JSON value as the conversions need it. */
struct json_value {
    enum value_kind kind;
    struct text text; /* a string's text, its escapes read; any other value's JSON as it stands, valid */
    /* Of a container {"scale":n,"value":"..."}, as Debezium writes a decimal without a scale of its own: */
    struct text scale;    /* the number; its data is NULL for every other container */
    struct text unscaled; /* the string */
};

struct conversion {
    struct type type;
    enum time_unit unit; /* of epoch numbers, for the temporal types */
    bool base64;         /* Decimal: unscaled two's complement bytes, big endian, in base64 */
    int base64_scale;    /* scale of those bytes where the message's schema says it, else -1: the column's */
};

/* Converts; false where the value does not fit, and *out is then undefined. A String's text is borrowed from
 * `value`. An empty string never comes here for a type other than String: it is absent. Nothing is trimmed.
 *
 *   String     any value's text
 *   Bool       true, false, and both as strings
 *   integers   a number whose value is an integer (7, 7.0, 1e2); a string of digits with an optional minus
 *   floats     a number, or a string that is one by JSON's grammar; overflow does not fit, underflow does
 *   Decimal    the same, exactly; with `base64` only a string of bytes or {"scale":n,"value":"..."}, exactly
 *   times      what instant_from_text reads, or a number of `unit` whose value is an integer; cut towards the
 *              past, a Date to its day in UTC
 *   UUID       a string of the canonical form, in any case */
bool convert(const struct json_value *value, const struct conversion *to, struct value *out);

#endif
