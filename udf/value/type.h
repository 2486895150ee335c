/* The ClickHouse types that a layout may name, their values, and how a value is written in each format. type.c has the table of
 * types: a type is a row there and the functions that the row names.
 *
 * Source of the binary forms: https://clickhouse.com/docs/en/interfaces/formats (RowBinary, Native). */
#ifndef TYPE_H
#define TYPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* One byte, so that a type takes two words. */
enum __attribute__((packed)) type_kind {
    TYPE_STRING,
    TYPE_BOOL,
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_INT128,
    TYPE_INT256,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_UINT128,
    TYPE_UINT256,
    TYPE_FLOAT32,
    TYPE_FLOAT64,
    TYPE_DECIMAL, /* stored in 4, 8, 16 or 32 bytes for a precision to 9, 18, 38, 76 */
    TYPE_DATE,
    TYPE_DATE32,
    TYPE_DATETIME,
    TYPE_DATETIME64,
    TYPE_UUID,
    TYPE_IPV4,
    TYPE_IPV6,
    TYPE_ARRAY,
    TYPE_KINDS
};

#define DECIMAL_DIGITS 76 /* of a Decimal, at most */
#define ARRAY_DEPTH 2     /* arrays within each other, at most */

struct type {
    enum type_kind kind;
    bool nullable;
    uint8_t precision; /* Decimal: digits 1-76; DateTime64: digits behind the point 0-9 */
    uint8_t scale;     /* Decimal */
    uint8_t width;     /* bytes of a value in RowBinary and Native; 0 for String and Array */
    /* Array: what type_element gives. Precision and scale above are those of the scalars. */
    uint8_t depth;              /* arrays within each other: 1 or 2; 0 for any other type */
    enum type_kind scalar_kind; /* of the values in the innermost array */
    bool scalar_nullable;       /* those may be NULL */
    const char *name;           /* as in the layout, terminated; owned by whoever made the type */
};

/* GCC and Clang have it; the name keeps -Wpedantic quiet everywhere else. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* Readable bytes after each text of a decoded row; what they hold does not matter. */
#define VALUE_PADDING 32

/* One value. An all-zero value is the type's default (0, '', false, the epoch, []; NULL needs `null`). */
struct value {
    bool null; /* of a Nullable type; the rest is then zero */
    uint16_t
        rank; /* for who chooses among a column's paths (shape.h): that of the path that it came by, from 1 */
    union {
        struct text text; /* String */
        int64_t
            integer; /* Int8 to Int64, Bool (0, 1), Date, Date32 (days), DateTime (s), DateTime64 (ticks) */
        uint64_t natural;        /* UInt8 to UInt64, IPv4 (its first byte highest) */
        double real;             /* Float32 (already rounded to float), Float64 */
        int128 decimal;          /* Decimal of 38 digits at most: unscaled; Int128, and UInt128's bits */
        const struct wide *wide; /* 32 bytes wide: Int256, UInt256, Decimal (unscaled); NULL is 0 */
        unsigned char bytes[16]; /* UUID, IPv6: in the order of its text */
        struct {
            const struct value *elements;
            size_t count;
        } array;
    } as;
};

/* 256 bits, the lowest first; two's complement where it is signed. */
struct wide {
    uint64_t limbs[4];
};

/* Parses a type's name (`Nullable(DateTime64(6, 'UTC'))`; white space between its words and signs, as in
 * ClickHouse). The time zone of DateTime and DateTime64 may be left out or be 'UTC'. False if it is no
 * type that a layout may name; *type is then undefined. type->name is set to `name`. */
bool type_parse(const char *name, struct type *type);

/* All types in words, for a message: `String, Bool, ... and Array(...) of each`. */
struct text type_list(struct arena *arena);

/* The type of an array's elements; its name is that of the array. */
struct type type_element(const struct type *array);

/* The kind of the type's values, or of the values in its innermost array. */
static inline enum type_kind type_scalar_kind(const struct type *type)
{
    return type->depth > 0 ? type->scalar_kind : type->kind;
}

/* Whether its values, or those in its innermost array, are dates or times. */
static inline bool type_is_temporal(const struct type *type)
{
    const enum type_kind kind = type_scalar_kind(type);
    return kind >= TYPE_DATE && kind <= TYPE_DATETIME64;
}

/* Whether its values, or those in its innermost array, are integers. */
static inline bool type_is_integer(const struct type *type)
{
    const enum type_kind kind = type_scalar_kind(type);
    return kind >= TYPE_INT8 && kind <= TYPE_UINT256;
}

/* The value of a row that is no event: NULL for a Nullable type, else all zeros. */
struct value type_default(const struct type *type);

/* Bytes that value_to_binary may write, whatever the type's width. */
#define VALUE_BINARY_SIZE 32

/* Writes the value's fixed-width bytes as RowBinary and Native have them (little endian; UUID as two reversed
 * halves) to out (room for VALUE_BINARY_SIZE); not for String and Array, and without the null byte. Answers type->width. */
size_t value_to_binary(const struct type *type, const struct value *value, unsigned char *out);

/* Room that value_to_json needs for anything but a String or an Array. */
#define VALUE_JSON_SIZE 96

/* Writes the value as ClickHouse's JSONEachRow does, quotes included where it quotes (times, UUID, addresses); NaN and the
 * infinities, which JSON has no words for, as "nan", "inf" and "-inf", which ClickHouse reads. Not for String and Array. Answers
 * the length. */
size_t value_to_json(const struct type *type, const struct value *value, char out[VALUE_JSON_SIZE]);

#endif
