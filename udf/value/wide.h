/* Arithmetic of 256 bits, as far as numbers are read and written. */
#ifndef WIDE_H
#define WIDE_H

#include "value/type.h"

#define WIDE_DIGITS 78 /* decimal digits that 256 bits may have */

static inline bool wide_is_zero(const struct wide *number)
{
    return (number->limbs[0] | number->limbs[1] | number->limbs[2] | number->limbs[3]) == 0;
}

/* Whether a signed number is below zero. */
static inline bool wide_is_negative(const struct wide *number)
{
    return number->limbs[3] >> 63;
}

/* Unsigned number * by + add; false if it overflows. */
bool wide_multiply_add(struct wide *number, uint64_t by, uint64_t add);

/* Divides an unsigned number; answers the remainder. */
uint64_t wide_divide(struct wide *number, uint64_t by);

/* Two's complement. */
void wide_negate(struct wide *number);

/* Unsigned a < b. */
bool wide_is_less(const struct wide *a, const struct wide *b);

/* A signed number times 256, plus a byte; false if it overflows. */
bool wide_push_byte(struct wide *number, unsigned char byte);

/* 10^digits, digits to 76. */
struct wide wide_power_of_ten(unsigned digits);

struct wide wide_of(int128 number);

/* Writes an unsigned number in digits, at least `least`; answers where they end. Room for WIDE_DIGITS and for `least`. */
char *wide_write(char *out, struct wide number, unsigned least);

/* A copy in the arena; NULL if memory is refused. */
const struct wide *wide_keep(struct arena *arena, const struct wide *number);

#endif
