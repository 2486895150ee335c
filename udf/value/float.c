#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "value/kinds.h"
#include "value/number.h"

_Static_assert(FLT_EVAL_METHOD == 0, "float and double arithmetic has no extra digits");

/* ---- From text ---------------------------------------------------------------------------------------------------------- */

/* A decimal half way between two doubles has at most 767 significant digits: of what follows more digits than
 * that, it only matters whether it is zero. */
#define FLOAT_DIGITS 800

struct float_text {
    char data[FLOAT_DIGITS + 32];
    size_t digits;
    int64_t dropped; /* digits that were left out at the end */
    bool sticky;     /* one of them not zero */
};

static void float_text_add(struct float_text *copy, struct text run)
{
    for (size_t i = 0; i < run.size; i++) {
        if (copy->digits == 0 && run.data[i] == '0')
            continue;
        if (copy->digits < FLOAT_DIGITS) {
            copy->data[copy->digits++] = run.data[i];
        } else {
            copy->dropped++;
            copy->sticky |= run.data[i] != '0';
        }
    }
}

/* By the C library, from a copy without a point, so that the locale plays no part. */
static double number_to_float_slowly(const struct number *number, bool narrow)
{
    struct float_text copy;
    copy.digits = 0;
    copy.dropped = 0;
    copy.sticky = false;
    float_text_add(&copy, number->whole);
    float_text_add(&copy, number->fraction);
    if (copy.digits == 0)
        return 0;
    int64_t exponent = number->exponent - (int64_t)number->fraction.size + copy.dropped;
    if (copy.sticky) {
        copy.data[copy.digits++] = '1';
        exponent--;
    }
    /* Beyond these it is infinity or zero anyhow. */
    exponent = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : exponent;
    snprintf(copy.data + copy.digits, sizeof copy.data - copy.digits, "e%" PRId64, exponent);
    return narrow ? (double)strtof(copy.data, NULL) : strtod(copy.data, NULL);
}

/* The digits as an integer; only for 19 digits at most. */
static uint64_t digits_to_size(const struct number *number)
{
    uint64_t size = 0;
    for (size_t i = 0; i < number->whole.size; i++)
        size = size * 10 + (uint64_t)(number->whole.data[i] - '0');
    for (size_t i = 0; i < number->fraction.size; i++)
        size = size * 10 + (uint64_t)(number->fraction.data[i] - '0');
    return size;
}

/* Where digits and power of ten are both exact in the type, one multiplication or division rounds correctly
 * (W. Clinger, "How to read floating point numbers accurately", 1990). */
static bool number_to_float_exactly(const struct number *number, bool narrow, double *real)
{
    if (number->whole.size + number->fraction.size > 19)
        return false;
    const int64_t exponent = number->exponent - (int64_t)number->fraction.size;
    const int64_t most = narrow ? 10 : 22;
    const uint64_t size = digits_to_size(number);
    if (size > UINT64_C(1) << (narrow ? FLT_MANT_DIG : DBL_MANT_DIG) || exponent < -most || exponent > most)
        return false;
    const double power = exact_power_of_ten[exponent < 0 ? -exponent : exponent];
    if (narrow)
        *real = exponent < 0 ? (double)((float)size / (float)power) : (double)((float)size * (float)power);
    else
        *real = exponent < 0 ? (double)size / power : (double)size * power;
    return true;
}

/* A number of at most 15 digits without an exponent, which are exact in a double, as is the power of ten that divides them. False for
 * any other text. */
static bool read_short_float(struct text text, double *real)
{
    const bool minus = text_take(&text, '-');
    if (text.size == 0 || text.size > 16 || (text.data[0] == '0' && text.size > 1 && text.data[1] != '.'))
        return false;
    uint64_t size = 0;
    size_t point = text.size - 1;
    for (size_t i = 0; i < text.size; i++) {
        const unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit <= 9)
            size = size * 10 + digit;
        else if (text.data[i] == '.' && i > 0 && i < point && point == text.size - 1)
            point = i;
        else
            return false;
    }
    const double whole = (double)size / exact_power_of_ten[text.size - 1 - point];
    *real = minus ? -whole : whole;
    return point < text.size - 1 || text.size < 16;
}

/* ---- The shortest text -------------------------------------------------------------------------------------------------- */

/* digits * 10^exponent, correctly rounded to the narrow or the wide type. No point, so no locale. */
static double read_back(uint64_t digits, int exponent, bool narrow)
{
    char text[40];
    snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
    return narrow ? (double)strtof(text, NULL) : strtod(text, NULL);
}

/* x rounded to `count` digits: digits * 10^exponent. */
static uint64_t round_to(double x, int count, int *exponent)
{
    char text[40];
    snprintf(text, sizeof text, "%.*e", count - 1, x);
    const char *const mark = strchr(text, 'e');
    uint64_t digits = 0;
    for (const char *at = text; at < mark; at++) {
        if (is_digit(*at)) /* the point depends on the locale */
            digits = digits * 10 + (uint64_t)(*at - '0');
    }
    *exponent = atoi(mark + 1) - (count - 1);
    return digits;
}

/* Most numbers in messages have few digits: then x times a power of ten is an integer below 10^15 (float:
 * 10^6) that, divided by that power, gives x again. Integer and power are exact in the type, so the division
 * is rounded correctly, and no other number of so few digits reads as x. */
static bool find_short(double x, bool narrow, uint64_t *digits, int *exponent)
{
    const double limit = narrow ? 1e6 : 1e15;
    const int most = narrow ? 10 : 22;
    double power = 1;
    for (int places = 0; places <= most && x * power < limit; places++, power *= 10) {
        const double candidate = (double)(uint64_t)(x * power + 0.5);
        if ((narrow ? (double)((float)candidate / (float)power) : candidate / power) == x) {
            *digits = (uint64_t)candidate;
            *exponent = -places;
            return true;
        }
    }
    return false;
}

/* The fewest digits that read as x again, and of those the closest to x. */
static uint64_t find_shortest(double x, bool narrow, int *exponent)
{
    uint64_t digits;
    if (find_short(x, narrow, &digits, exponent))
        return digits;
    /* Two numbers of 15 (6) digits never read as the same normal double (float): nothing shorter can be found
     * below. */
    const bool normal = x >= (narrow ? (double)FLT_MIN : DBL_MIN);
    const int most = narrow ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    for (int count = !normal ? 1 : narrow ? FLT_DIG : DBL_DIG; count < most; count++) {
        digits = round_to(x, count, exponent);
        if (read_back(digits, *exponent, narrow) == x)
            return digits;
        /* At a power of two the numbers above lie wider apart than those below: the second closest may do. */
        if (read_back(digits + 1, *exponent, narrow) == x)
            return digits + 1;
    }
    return round_to(x, most, exponent);
}

/* Whether the number is the shortest decimal of what was read of it, however it is written: 10.0, 1e1 and 10 are one number. */
static bool is_shortest(const struct number *number, double size, bool narrow)
{
    struct significand significand;
    if (!number_significand(number, &significand) || significand.count > DBL_DECIMAL_DIG)
        return false;
    if (size == 0 || significand.count == 0)
        return size == 0 && significand.count == 0;
    int exponent;
    uint64_t shortest = find_shortest(size, narrow, &exponent), digits = 0;
    for (; shortest % 10 == 0; shortest /= 10)
        exponent++;
    for (unsigned i = 0; i < significand.count; i++)
        digits = digits * 10 + (uint64_t)(significand.digits[i] - '0');
    return digits == shortest && significand.exponent == exponent;
}

/* ---- To and from values ------------------------------------------------------------------------------------------------- */

/* What a column with `nan` takes beside numbers. */
static bool read_special(struct text text, double *real)
{
    static const struct {
        struct text text;
        double real;
    } specials[] = {{{"NaN", 3}, (double)NAN},
                    {{"Infinity", 8}, (double)INFINITY},
                    {{"+Infinity", 9}, (double)INFINITY},
                    {{"-Infinity", 9}, -(double)INFINITY},
                    {{"inf", 3}, (double)INFINITY},
                    {{"-inf", 4}, -(double)INFINITY}};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        if (text_equal(text, specials[i].text)) {
            *real = specials[i].real;
            return true;
        }
    }
    return false;
}

bool convert_float(const struct json_value *value, const struct conversion *to, struct arena *arena,
                   struct value *out)
{
    (void)arena;
    const bool narrow = to->type.kind == TYPE_FLOAT32;
    struct number number;
    if (value->kind != VALUE_NUMBER && value->kind != VALUE_STRING)
        return false;
    /* Of so few digits it is the shortest decimal, too. */
    if (!narrow && read_short_float(value->text, &out->as.real))
        return true;
    if (!number_parse(value->text, &number))
        return to->nan && value->kind == VALUE_STRING && read_special(value->text, &out->as.real);
    double real;
    if (!number_to_float_exactly(&number, narrow, &real))
        real = number_to_float_slowly(&number, narrow);
    out->as.real = number.negative ? -real : real;
    return isfinite(real) && (!to->exact || is_shortest(&number, real, narrow));
}

void write_float32(const struct type *type, const struct value *value, unsigned char *out)
{
    (void)type;
    const float single = (float)value->as.real;
    memcpy(out, &single, sizeof single);
}

/* 123.45, 0.000001, 1e21, 1.5e-7: decimal notation from 1e-6 to below 1e21, as ClickHouse and JavaScript have
 * it. */
static char *write_finite(char *out, double x, bool narrow)
{
    if (signbit(x)) {
        *out++ = '-';
        x = -x;
    }
    if (x == 0) {
        *out++ = '0';
        return out;
    }
    int exponent;
    uint64_t number = find_shortest(x, narrow, &exponent);
    for (; number % 10 == 0; number /= 10)
        exponent++;
    char digits[24];
    const int count = (int)(digits_write(digits, number, 1) - digits);
    const int whole = count + exponent; /* digits before the point */
    if (whole < -5 || whole > 21) {
        *out++ = digits[0];
        if (count > 1) {
            *out++ = '.';
            memcpy(out, digits + 1, (size_t)count - 1);
            out += count - 1;
        }
        return out + snprintf(out, 8, "e%d", whole - 1);
    }
    for (int i = whole < 1 ? whole - 1 : 0; i < count || i < whole; i++) {
        if (i == whole)
            *out++ = '.';
        *out++ = i >= 0 && i < count ? digits[i] : '0';
    }
    return out;
}

char *write_float_json(char *out, const struct type *type, const struct value *value)
{
    const double real = value->as.real;
    if (isfinite(real))
        return write_finite(out, real, type->kind == TYPE_FLOAT32);
    const struct text text = isnan(real) ? TEXT("\"nan\"") : real > 0 ? TEXT("\"inf\"") : TEXT("\"-inf\"");
    memcpy(out, text.data, text.size);
    return out + text.size;
}
