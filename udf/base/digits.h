/* Decimal digits, read eight at a time and written two at a time. Independent of the locale. */
#ifndef DIGITS_H
#define DIGITS_H

#include <stdint.h>

#include "base/text.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight_bytes puts the first byte lowest");

#define IN_EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 10^0 .. 10^19 */
static const uint64_t power_of_ten[20] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

/* 10^0 .. 10^22, all of those that a double holds exactly. */
static const double exact_power_of_ten[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
    return (unsigned)((unsigned char)c | 0x20) - 'a' < 26;
}

static inline bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The hexadecimal digits by their values. */
static const char hex_digits[] = "0123456789abcdef";

/* The value of a hexadecimal digit; above 15 for every other byte. */
static inline unsigned hex_value(char c)
{
    const unsigned digit = (unsigned)(unsigned char)c - '0',
                   letter = ((unsigned)(unsigned char)c | 0x20) - 'a';
    return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/* Eight bytes as one number, the first of them lowest. */
static inline uint64_t eight_bytes(const char *data)
{
    uint64_t bytes;
    memcpy(&bytes, data, sizeof bytes);
    return bytes;
}

static inline uint64_t two_bytes(const char *data)
{
    uint16_t bytes;
    memcpy(&bytes, data, sizeof bytes);
    return bytes;
}

/* Each byte's value as a digit: 0-9 for '0'-'9', something above 9 for every other byte. */
static inline uint64_t eight_values(uint64_t bytes)
{
    return bytes ^ IN_EVERY_BYTE('0');
}

/* The high bit of every byte whose value is above 9: none where all are digits, else exact up to the lowest.
 */
static inline uint64_t not_digits(uint64_t values)
{
    return ((values + IN_EVERY_BYTE(0x7F - 9)) | values) & IN_EVERY_BYTE(0x80);
}

/* Byte i becomes ten times value i plus value i + 1: the two-digit number that begins there. */
static inline uint64_t pairs_of(uint64_t values)
{
    return values * 10 + (values >> 8);
}

static inline unsigned pair_at(uint64_t pairs, unsigned i)
{
    return (unsigned)(pairs >> (8 * i)) & 0xFF;
}

/* The number that eight digits make: pairs, then two fours by one multiplication each, then the eight. */
static inline uint64_t number_of(uint64_t values)
{
    const uint64_t pairs = pairs_of(values);
    const uint64_t first_and_third = pairs & UINT64_C(0x000000FF000000FF);
    const uint64_t second_and_fourth = (pairs >> 16) & UINT64_C(0x000000FF000000FF);
    return (first_and_third * (100 + (UINT64_C(1000000) << 32)) +
            second_and_fourth * (1 + (UINT64_C(10000) << 32))) >>
           32;
}

/* A text of digits alone, at least one, any number of leading zeros; false if it is none or above 2^64
 * - 1. */
static inline bool digits_read(struct text text, uint64_t *number)
{
    if (text.size == 0)
        return false;
    while (text.size > 1 && text.data[0] == '0')
        text = text_from(text, 1);
    if (text.size > 20)
        return false;
    uint64_t sum = 0;
    while (text.size >= 8) {
        const uint64_t values = eight_values(eight_bytes(text.data));
        if (not_digits(values))
            return false;
        sum = sum * 100000000 + number_of(values);
        text = text_from(text, 8);
    }
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]) || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (unsigned)(text.data[i] - '0'), &sum))
            return false;
    }
    *number = sum;
    return true;
}

/* Writes `number` with at least `width` digits; answers where they end. */
static inline char *digits_write(char *out, uint64_t number, unsigned width)
{
    unsigned digits = width;
    while (digits < 20 && (digits == 0 || number >= power_of_ten[digits]))
        digits++;
    for (unsigned i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + digits;
}

#endif
