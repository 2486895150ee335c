/* JSON numbers, exactly. */
#ifndef NUMBER_H
#define NUMBER_H

#include "value/convert.h"
#include "value/wide.h"

/* A number taken apart: whole.fraction * 10^exponent */
struct number {
    bool negative;
    struct text whole;    /* digits, at least one */
    struct text fraction; /* digits, maybe none */
    int64_t exponent;     /* EXPONENT_LIMIT where it is greater (less: its negative) */
};

/* Beyond any number of digits that memory holds, and still far from the ends of Int64. */
#define EXPONENT_LIMIT (INT64_C(1) << 60)

/* False if the whole text is not one number by JSON's grammar. */
bool number_parse(struct text text, struct number *number);

/* The significant digits of a number: digits * 10^exponent, a zero at neither end. */
struct significand {
    unsigned count; /* 0 for zero */
    int64_t exponent;
    char digits[WIDE_DIGITS];
};

/* False if there are more than WIDE_DIGITS, of which the first are given. */
bool number_significand(const struct number *number, struct significand *significand);

/* The number times 10^scale, where that is an integer of at most 38 digits. */
bool number_to_integer(const struct number *number, int64_t scale, int128 *integer);

/* The size of the number times 10^scale, where that is an integer of 256 bits without a sign. */
bool number_to_wide(const struct number *number, int64_t scale, struct wide *size);

/* A JSON number whose value is an integer of at most 38 digits. */
bool json_to_integer(struct text json, int128 *integer);

/* ASCII digits with an optional minus: an integer of 64 bits and a sign. */
bool digits_to_integer(struct text text, int128 *integer);

#endif
