#include "tool/infer_value.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "value/timestamp.h"

/* ---- Texts ------------------------------------------------------------------------------------------------ */

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Digits where the pattern has 0, the other characters as they are; T is a T or a space. */
static bool has_form(struct text text, const char *pattern)
{
    for (size_t i = 0; pattern[i]; i++) {
        if (i == text.size)
            return false;
        char c = text.data[i];
        bool fits = pattern[i] == '0'   ? is_digit(c)
                    : pattern[i] == 'T' ? is_one_of(c, "T ")
                                        : c == pattern[i];
        if (!fits)
            return false;
    }
    return true;
}

#define DATE_FORM "0000-00-00"
#define TIME_FORM DATE_FORM "T00:00"
#define FRACTION_AT (sizeof TIME_FORM ":00" - 1)

static void add_time(struct value_facts *facts, struct text text)
{
    struct instant instant;
    int64_t ticks;
    bool date = text.size == sizeof DATE_FORM - 1 && has_form(text, DATE_FORM);
    if ((!date && !has_form(text, TIME_FORM)) || !instant_from_iso(text, &instant) ||
        !instant_to_ticks(instant, 6, &ticks))
        return;
    facts->dates += date;
    facts->times += !date;
    if (date || text.size <= FRACTION_AT || !is_one_of(text.data[FRACTION_AT], ".,"))
        return;
    unsigned digits = 0;
    while (FRACTION_AT + 1 + digits < text.size && is_digit(text.data[FRACTION_AT + 1 + digits]))
        digits++;
    if (digits > facts->fraction)
        facts->fraction = digits;
}

static bool is_uuid(struct text text)
{
    if (text.size != 36)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : hex_value(text.data[i]) > 15 || is_upper(text.data[i]))
            return false;
    }
    return true;
}

static bool is_base64_digit(char c)
{
    return is_digit(c) || is_letter(c) || c == '+' || c == '/';
}

bool is_base64(struct text text)
{
    if (text.size == 0 || text.size % 4)
        return false;
    size_t end = text.size;
    while (end > text.size - 2 && text.data[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++)
        if (!is_base64_digit(text.data[i]))
            return false;
    return true;
}

static bool is_marked(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_one_of(text.data[i], "=+/"))
            return true;
    return false;
}

bool is_infinite_word(struct text text)
{
    static const char *const words[] = {"NaN", "Infinity", "+Infinity", "-Infinity", "inf", "-inf"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal(text, text_of(words[i])))
            return true;
    return false;
}

bool is_json_number(struct text text)
{
    size_t at = text.size > 0 && text.data[0] == '-', start = at;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    if (at == start || (text.data[start] == '0' && at > start + 1))
        return false;
    if (at < text.size && text.data[at] == '.') {
        size_t point = at++;
        while (at < text.size && is_digit(text.data[at]))
            at++;
        if (at == point + 1)
            return false;
    }
    if (at < text.size && is_one_of(text.data[at], "eE")) {
        at += at + 1 < text.size && is_one_of(text.data[at + 1], "+-") ? 2 : 1;
        size_t exponent = at;
        while (at < text.size && is_digit(text.data[at]))
            at++;
        if (at == exponent)
            return false;
    }
    return at == text.size;
}

void facts_add_text(struct value_facts *facts, struct text text)
{
    facts->count++;
    facts->strings++;
    facts->empty += text.size == 0;
    facts->operations += text.size == 1 && is_one_of(text.data[0], "crud");
    add_time(facts, text);
    facts->uuids += is_uuid(text);
    facts->decimals += is_json_number(text);
    facts->infinite += is_infinite_word(text);
    if (is_base64(text)) {
        facts->base64++;
        facts->marked += is_marked(text);
    }
}

/* ---- Numbers ---------------------------------------------------------------------------------------------- */

#define DOUBLE_DIGITS 17 /* that tell any double from its neighbours */
#define DIGITS_LIMIT 400 /* significant digits beyond which a number is only said to have that many */

/* A number as digits * 10^exponent, the digits without zeros at either end; none of them for 0. */
struct decimal {
    char digits[DIGITS_LIMIT + 1];
    unsigned count;
    long exponent;
    bool negative, whole; /* whole: written without fraction and exponent */
};

static long exponent_of(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    long exponent = 0;
    for (at += at < end && (*at == '-' || *at == '+'); at < end && exponent < 100000; at++)
        exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static void decimal_read(struct text text, struct decimal *decimal)
{
    const char *at = text.data, *end = text.data + text.size;
    bool behind = false;
    *decimal = (struct decimal){.negative = text.size && *at == '-', .whole = true};
    for (at += decimal->negative; at < end && !is_one_of(*at, "eE"); at++) {
        if (*at == '.') {
            behind = true;
            decimal->whole = false;
            continue;
        }
        decimal->exponent -= behind;
        if (decimal->count == 0 && *at == '0')
            continue;
        if (decimal->count < DIGITS_LIMIT)
            decimal->digits[decimal->count++] = *at;
        else
            decimal->exponent++;
    }
    if (at < end) {
        decimal->whole = false;
        decimal->exponent += exponent_of(at + 1, end);
    }
    while (decimal->count > 0 && decimal->digits[decimal->count - 1] == '0') {
        decimal->count--;
        decimal->exponent++;
    }
}

/* Whether a number is the shortest decimal of its double: then the double holds it, and nothing of it is lost. */
static bool is_shortest(const struct decimal *decimal)
{
    char text[DIGITS_LIMIT + 32];
    struct decimal written;
    if (decimal->count == 0)
        return true;
    if (decimal->count > DOUBLE_DIGITS)
        return false;
    snprintf(text, sizeof text, "%.*se%ld", (int)decimal->count, decimal->digits, decimal->exponent);
    double real = strtod(text, NULL);
    if (real > DBL_MAX || real == 0)
        return false;
    int size = 0;
    for (int digits = 1; digits <= (int)decimal->count; digits++) {
        size = snprintf(text, sizeof text, "%.*e", digits - 1, real);
        if (strtod(text, NULL) == real)
            break;
    }
    decimal_read((struct text){text, (size_t)size}, &written);
    return written.count == decimal->count && written.exponent == decimal->exponent &&
           memcmp(written.digits, decimal->digits, written.count) == 0;
}

static const struct {
    const char *largest, *smallest; /* without the sign; NULL: nothing below zero */
} widths[] = {
    [WIDTH_INT64] = {"9223372036854775807", "9223372036854775808"},
    [WIDTH_UINT64] = {"18446744073709551615", NULL},
    [WIDTH_INT128] = {"170141183460469231731687303715884105727", "170141183460469231731687303715884105728"},
    [WIDTH_UINT128] = {"340282366920938463463374607431768211455", NULL},
    [WIDTH_INT256] = {"57896044618658097711785492504343953926634992332820282019728792003956564819967",
                      "57896044618658097711785492504343953926634992332820282019728792003956564819968"},
    [WIDTH_UINT256] = {"115792089237316195423570985008687907853269984665640564039457584007913129639935",
                       NULL},
};

static enum integer_width width_of(struct text digits, bool negative)
{
    while (digits.size > 1 && digits.data[0] == '0')
        digits = text_from(digits, 1);
    for (int width = 0; width < WIDTH_NONE; width++) {
        const char *limit = negative ? widths[width].smallest : widths[width].largest;
        if (limit && (digits.size < strlen(limit) ||
                      (digits.size == strlen(limit) && memcmp(digits.data, limit, digits.size) <= 0)))
            return (enum integer_width)width;
    }
    return WIDTH_NONE;
}

enum integer_width facts_width(const struct value_facts *facts)
{
    for (int width = (int)facts->above; width < WIDTH_NONE; width++)
        if (!facts->negative || (widths[width].smallest && width >= (int)facts->below))
            return (enum integer_width)width;
    return WIDTH_NONE;
}

#define FIRST_DAY 10957 /* 2000-01-01 */
#define LAST_DAY 47481  /* 2099-12-31 */

static void add_epochs(struct value_facts *facts, struct text digits)
{
    static const uint64_t a_day[EPOCH_UNITS] = {1, 86400, 86400000, UINT64_C(86400000000),
                                                UINT64_C(86400000000000)};
    uint64_t number;
    if (!digits_read(digits, &number))
        return;
    for (int unit = 0; unit < EPOCH_UNITS; unit++)
        facts->epochs[unit] += number / a_day[unit] >= FIRST_DAY && number / a_day[unit] <= LAST_DAY;
}

static void add_whole(struct value_facts *facts, struct text text, bool negative)
{
    struct text digits = text_from(text, negative);
    enum integer_width width = width_of(digits, negative);
    facts->whole++;
    facts->negative |= negative;
    if (negative && width > facts->below)
        facts->below = width;
    if (!negative && width > facts->above)
        facts->above = width;
    if (!negative)
        add_epochs(facts, digits);
}

static void raise_to(unsigned *highest, long value)
{
    if (value > (long)*highest)
        *highest = value > DIGITS_LIMIT ? DIGITS_LIMIT : (unsigned)value;
}

void facts_add_number(struct value_facts *facts, struct text text)
{
    struct decimal decimal;
    decimal_read(text, &decimal);
    facts->count++;
    facts->numbers++;
    facts->inexact += !is_shortest(&decimal);
    raise_to(&facts->before, (long)decimal.count + decimal.exponent);
    raise_to(&facts->behind, -decimal.exponent);
    if (decimal.whole)
        add_whole(facts, text, decimal.negative);
}
