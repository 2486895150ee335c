/* The ClickHouse types that a layout may name, their values, and how a value is written in each format.
 *
 * Source of the binary forms: https://clickhouse.com/docs/en/interfaces/formats (RowBinary, Native). */
#ifndef TYPE_H
#define TYPE_H

#include <stdint.h>

#include "base/text.h"

enum type_kind {
    TYPE_STRING,
    TYPE_BOOL,
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_FLOAT32,
    TYPE_FLOAT64,
    TYPE_DECIMAL, /* stored in 4, 8 or 16 bytes for a precision to 9, 18, 38 */
    TYPE_DATE,
    TYPE_DATE32,
    TYPE_DATETIME,
    TYPE_DATETIME64,
    TYPE_UUID,
};

struct type {
    enum type_kind kind;
    bool nullable;
    uint8_t precision; /* Decimal: digits 1-38; DateTime64: digits behind the point 0-9 */
    uint8_t scale;     /* Decimal */
    uint8_t width;     /* bytes of a value in RowBinary and Native; 0 for String */
    const char *name;  /* as in the layout, terminated; owned by whoever made the type */
};

/* GCC and Clang have it; the name keeps -Wpedantic quiet everywhere else. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* Readable bytes behind each text of a decoded row; what they hold does not matter. */
#define VALUE_PADDING 32

/* One value. An all-zero value is the type's default (0, '', false, the epoch, NULL needs `null`). */
struct value {
    bool null;     /* of a Nullable type; the rest is then zero */
    uint16_t rank; /* for who chooses among a column's paths (shape.h): that of the path that it came by, from 1 */
    union {
        struct text text;       /* String */
        int64_t integer;        /* Int*, Bool (0, 1), Date, Date32 (days), DateTime (s), DateTime64 (ticks) */
        uint64_t natural;       /* UInt* */
        double real;            /* Float32 (already rounded to float), Float64 */
        int128 decimal;         /* Decimal: unscaled */
        unsigned char uuid[16]; /* in the order of its text */
    } as;
};

/* Parses a type's name (`Nullable(DateTime64(6, 'UTC'))`; white space between its words and signs, as in
 * ClickHouse). The time zone of DateTime and DateTime64 may be left out or be 'UTC'. False where it is no
 * type that a layout may name; *type is then undefined. type->name is set to `name`. */
bool type_parse(const char *name, struct type *type);

/* The value of a row that is no event: NULL for a Nullable type, else all zeros. */
struct value type_default(const struct type *type);

/* Bytes that value_to_binary may write, whatever the type's width. */
#define VALUE_BINARY_SIZE 32

/* Writes the value's fixed-width bytes as RowBinary and Native have them (little endian; UUID as two reversed
 * halves) to out (room for VALUE_BINARY_SIZE); not for String, and without the null byte. Answers type->width. */
size_t value_to_binary(const struct type *type, const struct value *value, unsigned char *out);

/* Room that value_to_json needs for anything but a String. */
#define VALUE_JSON_SIZE 96

/* Writes the value as ClickHouse's JSONEachRow does, quotes included where it quotes (null, times, UUID); not
 * for String. Answers the length. */
size_t value_to_json(const struct type *type, const struct value *value, char out[VALUE_JSON_SIZE]);

#endif
