#include "value/type.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "value/timestamp.h"

/* ---- Names ---- */

static void skip_space(struct text *text)
{
    size_t count = 0;
    while (count < text->size && memchr(" \t\n\r\f\v", text->data[count], 6) != NULL)
        count++;
    *text = text_from(*text, count);
}

static bool take_sign(struct text *text, char sign)
{
    skip_space(text);
    if (text->size == 0 || text->data[0] != sign)
        return false;
    *text = text_from(*text, 1);
    return true;
}

static struct text take_word(struct text *text)
{
    skip_space(text);
    size_t count = 0;
    while (count < text->size &&
           (is_digit(text->data[count]) || (text->data[count] >= 'A' && text->data[count] <= 'Z') ||
            (text->data[count] >= 'a' && text->data[count] <= 'z')))
        count++;
    const struct text word = {text->data, count};
    *text = text_from(*text, count);
    return word;
}

/* A number from least to most (at most 99), without leading zeros. */
static bool take_number(struct text *text, unsigned least, unsigned most, uint8_t *number)
{
    const struct text word = take_word(text);
    uint64_t digits;
    if (!digits_read(word, &digits) || (word.size > 1 && word.data[0] == '0') || digits < least ||
        digits > most)
        return false;
    *number = (uint8_t)digits;
    return true;
}

static bool take_utc(struct text *text)
{
    skip_space(text);
    const struct text utc = TEXT("'UTC'");
    if (!text_starts(*text, utc))
        return false;
    *text = text_from(*text, utc.size);
    return true;
}

/* (P, S) */
static bool take_decimal(struct text *text, struct type *type)
{
    if (!take_sign(text, '(') || !take_number(text, 1, 38, &type->precision) || !take_sign(text, ',') ||
        !take_number(text, 0, type->precision, &type->scale))
        return false;
    type->width = type->precision <= 9 ? 4 : type->precision <= 18 ? 8 : 16;
    return take_sign(text, ')');
}

/* Nothing or ('UTC') */
static bool take_datetime(struct text *text)
{
    return !take_sign(text, '(') || (take_utc(text) && take_sign(text, ')'));
}

/* (N) or (N, 'UTC') */
static bool take_datetime64(struct text *text, struct type *type)
{
    return take_sign(text, '(') && take_number(text, 0, 9, &type->precision) &&
           (!take_sign(text, ',') || take_utc(text)) && take_sign(text, ')');
}

static bool take_type(struct text *text, struct type *type)
{
    static const struct {
        const char *name;
        enum type_kind kind;
        uint8_t width;
    } types[] = {
        {"String", TYPE_STRING, 0},
        {"Bool", TYPE_BOOL, 1},
        {"Int8", TYPE_INT8, 1},
        {"Int16", TYPE_INT16, 2},
        {"Int32", TYPE_INT32, 4},
        {"Int64", TYPE_INT64, 8},
        {"UInt8", TYPE_UINT8, 1},
        {"UInt16", TYPE_UINT16, 2},
        {"UInt32", TYPE_UINT32, 4},
        {"UInt64", TYPE_UINT64, 8},
        {"Float32", TYPE_FLOAT32, 4},
        {"Float64", TYPE_FLOAT64, 8},
        {"Decimal", TYPE_DECIMAL, 0},
        {"Date", TYPE_DATE, 2},
        {"Date32", TYPE_DATE32, 4},
        {"DateTime", TYPE_DATETIME, 4},
        {"DateTime64", TYPE_DATETIME64, 8},
        {"UUID", TYPE_UUID, 16},
    };
    const struct text word = take_word(text);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!text_equal(word, text_of(types[i].name)))
            continue;
        type->kind = types[i].kind;
        type->width = types[i].width;
        switch (type->kind) {
        case TYPE_DECIMAL:
            return take_decimal(text, type);
        case TYPE_DATETIME:
            return take_datetime(text);
        case TYPE_DATETIME64:
            return take_datetime64(text, type);
        default:
            return true;
        }
    }
    return false;
}

bool type_parse(const char *name, struct type *type)
{
    *type = (struct type){.name = name};
    struct text text = text_of(name);
    struct text inside = text;
    if (text_equal(take_word(&inside), TEXT("Nullable"))) {
        type->nullable = true;
        if (!take_sign(&inside, '(') || !take_type(&inside, type) || !take_sign(&inside, ')'))
            return false;
        text = inside;
    } else if (!take_type(&text, type)) {
        return false;
    }
    skip_space(&text);
    return text.size == 0;
}

struct value type_default(const struct type *type)
{
    return (struct value){.null = type->nullable};
}

/* ---- Binary ---- */

static void write_uuid(const unsigned char uuid[16], unsigned char *out)
{
    for (int i = 0; i < 8; i++) {
        out[i] = uuid[7 - i];
        out[8 + i] = uuid[15 - i];
    }
}

size_t value_to_binary(const struct type *type, const struct value *value, unsigned char *out)
{
    /* The host is little endian too (digits.h holds it to that): a narrower integer is a prefix of the wider.
     */
    if (type->kind == TYPE_FLOAT32) {
        const float single = (float)value->as.real;
        memcpy(out, &single, sizeof single);
    } else if (type->kind == TYPE_UUID) {
        write_uuid(value->as.uuid, out);
    } else {
        memcpy(out, &value->as, type->width);
    }
    return type->width;
}

/* ---- Floats as text ---- */

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

/* 123.45, 0.000001, 1e21, 1.5e-7: decimal notation from 1e-6 to below 1e21, as ClickHouse and JavaScript have
 * it. */
static char *write_float(char *out, double x, bool narrow)
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

/* ---- Everything else as text ---- */

/* 12.3 for 1230 at scale 2. */
static char *write_decimal(char *out, int128 unscaled, unsigned scale)
{
    const bool minus = unscaled < 0;
    const uint128 size = minus ? -(uint128)unscaled : (uint128)unscaled;
    const uint64_t low = (uint64_t)(size % power_of_ten[19]);
    const uint64_t high = (uint64_t)(size / power_of_ten[19]);
    char digits[40]; /* at least one before the point */
    char *end = digits_write(digits, high, scale >= 19 ? scale - 18 : 1);
    end = digits_write(end, low, 19);
    const char *const point = end - scale;
    const char *start = digits;
    while (start + 1 < point && *start == '0')
        start++;
    while (end > point && end[-1] == '0')
        end--;
    if (minus)
        *out++ = '-';
    memcpy(out, start, (size_t)(point - start));
    out += point - start;
    if (end > point) {
        *out++ = '.';
        memcpy(out, point, (size_t)(end - point));
        out += end - point;
    }
    return out;
}

static char *write_uuid_text(char *out, const unsigned char uuid[16])
{
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = "0123456789abcdef"[uuid[i] >> 4];
        *out++ = "0123456789abcdef"[uuid[i] & 0xF];
    }
    return out;
}

static char *write_text(char *out, const char *text)
{
    const size_t size = strlen(text);
    memcpy(out, text, size);
    return out + size;
}

static char *write_integer(char *out, int64_t number)
{
    if (number >= 0)
        return digits_write(out, (uint64_t)number, 1);
    *out++ = '-';
    return digits_write(out, -(uint64_t)number, 1);
}

static char *write_quoted(char *out, const struct type *type, const struct value *value)
{
    *out++ = '"';
    switch (type->kind) {
    case TYPE_DATE:
    case TYPE_DATE32:
        out += days_print(value->as.integer, out);
        break;
    case TYPE_UUID:
        out = write_uuid_text(out, value->as.uuid);
        break;
    default:
        out += ticks_print(value->as.integer, type->kind == TYPE_DATETIME64 ? type->precision : 0, out);
        break;
    }
    *out++ = '"';
    return out;
}

static char *write_json(char *out, const struct type *type, const struct value *value)
{
    if (value->null)
        return write_text(out, "null");
    switch (type->kind) {
    case TYPE_STRING:
        break;
    case TYPE_BOOL:
        return write_text(out, value->as.integer ? "true" : "false");
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        return write_integer(out, value->as.integer);
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_UINT64:
        return digits_write(out, value->as.natural, 1);
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        return write_float(out, value->as.real, type->kind == TYPE_FLOAT32);
    case TYPE_DECIMAL:
        return write_decimal(out, value->as.decimal, type->scale);
    case TYPE_DATE:
    case TYPE_DATE32:
    case TYPE_DATETIME:
    case TYPE_DATETIME64:
    case TYPE_UUID:
        return write_quoted(out, type, value);
    }
    return out;
}

size_t value_to_json(const struct type *type, const struct value *value, char out[VALUE_JSON_SIZE])
{
    return (size_t)(write_json(out, type, value) - out);
}
