/* One JSON value to one ClickHouse type: the rules for values. */
#ifndef CONVERT_H
#define CONVERT_H

#include "value/timestamp.h"
#include "value/type.h"
#include "json/json_items.h"

enum value_kind { VALUE_FALSE, VALUE_TRUE, VALUE_NUMBER, VALUE_STRING, VALUE_CONTAINER };

/* A JSON value as the conversions need it. */
struct json_value {
    enum value_kind kind;
    struct text text; /* a string's text, its escapes read; any other value's JSON as it stands, valid */
};

struct conversion {
    struct type type;
    enum time_unit
        unit; /* of epoch numbers, for the temporal types; what an integer counts, where the layout says it */
    bool base64;    /* Decimal: unscaled two's complement bytes, big endian, in base64 */
    bool has_scale; /* the message's schema says the scale of those bytes; else it is the column's */
    int16_t scale;  /* that scale, also below zero */
    bool foreign;   /* the message's schema says what is no value of the column: nothing fits */
    bool exact;     /* what the type cannot hold exactly does not fit */
    bool nan;       /* Float: NaN and the infinities are values */
    bool
        extended; /* String: an Extended JSON scalar is read as the scalar that it stands for, as other types read it always */
};

/* Converts; false if the value does not fit, and *out is then undefined. A String's text is borrowed from `value`; what else
 * does not find room in *out comes from the arena, which may fail (arena->failed; the answer is then false). An empty string never
 * comes here for a type other than String: it is absent. Nothing is trimmed.
 *
 *   String     any value's text
 *   Bool       true, false, and both as strings; the numbers 1 and 0
 *   integers   a number whose value is an integer (7, 7.0, 1e2); a string of digits with an optional minus, with `exact` without
 *              leading zeros
 *   floats     a number, or a string that is one by JSON's grammar; overflow does not fit, underflow does. With `exact` only the
 *              shortest decimal of the float, however it is written; with `nan` also NaN, [+-]Infinity, inf and -inf as strings
 *   Decimal    a number or such a string, exactly; with `base64` only a string of bytes or {"scale":n,"value":"..."}, exactly
 *   times      what instant_from_text reads, a number of `unit`, [y,m,d,...] as instant_from_parts reads it, or
 *              {"epochSecond":s,"nano":ns}; cut towards the past, a Date to its day in UTC, or with `exact` not at all
 *   UUID       a string of the canonical form, in any case, with `exact` in lower case
 *   IPv4, IPv6 a string; with `exact` as it would be written. An IPv6 column takes IPv4 addresses, too
 *   Array      an array, whose elements are converted likewise; null fits Nullable elements alone, "" Strings alone
 *
 * An object that is an Extended JSON scalar (extended.h) is converted as the scalar: to String where `extended` says so, to every
 * other type always. docs/values.md says the same to users. */
bool convert(const struct json_value *value, const struct conversion *to, struct arena *arena,
             struct value *out);

/* The same of a node that is not null, whatever depth its document was parsed to: a container is read from its text. The texts of
 * String values are borrowed from the document, or come from the arena. */
bool convert_node(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                  const struct conversion *to, struct value *out);

/* A node that is not null as the conversions need it. Texts are borrowed from the document or come from the arena. */
void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                   struct json_value *value);

/* The same of an item that is not null. */
struct json_value json_value_of_item(const struct json_item *item, struct arena *arena);

#endif
