/* What the values of one member have in common, counted while the sample is read: infer_type.c chooses a type by it. */
#ifndef INFER_VALUE_H
#define INFER_VALUE_H

#include <stdint.h>

#include "base/text.h"

/* Units in which a whole number lies in the years 2000 to 2099; no number does in two of them. */
enum epoch_unit { EPOCH_DAYS, EPOCH_SECONDS, EPOCH_MILLIS, EPOCH_MICROS, EPOCH_NANOS, EPOCH_UNITS };

/* The narrowest type that holds a whole number, as INTEGER_TYPES has them. */
enum integer_width {
    WIDTH_INT64,
    WIDTH_UINT64,
    WIDTH_INT128,
    WIDTH_UINT128,
    WIDTH_INT256,
    WIDTH_UINT256,
    WIDTH_NONE
};

/* Counts of values, unless it says otherwise. A value is counted as what it is and, where it is text, as what it may be, too. */
struct value_facts {
    uint64_t count; /* all: neither null nor left out */
    uint64_t strings, numbers, booleans, arrays, objects;

    /* Of the strings: */
    uint64_t empty;
    uint64_t dates;      /* ISO dates that Date32 holds: 2026-01-02 */
    uint64_t times;      /* ISO times that DateTime64 holds: 2026-01-02T03:04:05.123456Z */
    unsigned fraction;   /* most digits behind the second of one of `times` */
    uint64_t uuids;      /* of the canonical form, lower case */
    uint64_t decimals;   /* numbers by JSON's grammar */
    uint64_t infinite;   /* NaN and the infinities as Debezium writes them */
    uint64_t base64;     /* may be base64 */
    uint64_t marked;     /* of base64: those with =, + or /, which words do not have */
    uint64_t documents;  /* hold a JSON object or array */
    uint64_t listed;     /* of documents: those that hold an array */
    uint64_t scalars;    /* are JSON otherwise: 5, null, "text" */
    uint64_t coded;      /* hold one in base64 */
    uint64_t operations; /* are c, r, u or d */

    /* Of the numbers: */
    uint64_t whole;                  /* written without fraction and exponent */
    uint64_t inexact;                /* not the shortest decimal of their double */
    unsigned before, behind;         /* most digits before and behind the point */
    enum integer_width above, below; /* of the largest whole number, of the smallest below zero */
    bool negative;
    uint64_t epochs[EPOCH_UNITS];

    /* Of the objects: */
    uint64_t scaled; /* {"scale":1,"value":"Dw=="}, Debezium's VariableScaleDecimal */
    uint64_t
        moments; /* {"$date":…} of MongoDB's Extended JSON; the other scalars are counted as what they stand for */
    uint64_t wide_decimals; /* {"$numberDecimal":…} */
};

#define INTEGER_TYPES                                                                                        \
    {                                                                                                        \
        "Int64", "UInt64", "Int128", "UInt128", "Int256", "UInt256"                                          \
    }

void facts_add_text(struct value_facts *facts, struct text text);

/* `text` is a number by JSON's grammar. */
void facts_add_number(struct value_facts *facts, struct text text);

/* Whether a text is a number by JSON's grammar. */
bool is_json_number(struct text text);

/* NaN, Infinity, -Infinity and the like. */
bool is_infinite_word(struct text text);

/* Whether a text may be base64 (RFC 4648, with padding), and not the empty one. */
bool is_base64(struct text text);

/* The narrowest integer type that holds all whole numbers of the facts; WIDTH_NONE where none does. */
enum integer_width facts_width(const struct value_facts *facts);

#endif
