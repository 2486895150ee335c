#include "value/convert.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "json/json_items.h"

_Static_assert(FLT_EVAL_METHOD == 0, "read_float relies on float and double arithmetic without extra digits");

/* ---- Numbers ---- */

/* A JSON number taken apart: whole.fraction * 10^exponent */
struct number {
    bool negative;
    struct text whole;    /* digits, at least one */
    struct text fraction; /* digits, maybe none */
    int64_t exponent;     /* EXPONENT_MOST where it is greater (less: its negative) */
};

/* Beyond any number of digits that memory holds, and still far from the ends of Int64. */
#define EXPONENT_MOST (INT64_C(1) << 60)

static struct text take_digits(struct text *text)
{
    size_t count = 0;
    while (count < text->size && is_digit(text->data[count]))
        count++;
    const struct text digits = {text->data, count};
    *text = text_from(*text, count);
    return digits;
}

static bool take(struct text *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    *text = text_from(*text, 1);
    return true;
}

static bool take_exponent(struct text *text, int64_t *exponent)
{
    const bool minus = take(text, '-');
    if (!minus)
        take(text, '+');
    const struct text digits = take_digits(text);
    if (digits.size == 0)
        return false;
    uint64_t size;
    if (!digits_read(digits, &size) || size > (uint64_t)EXPONENT_MOST)
        size = (uint64_t)EXPONENT_MOST;
    *exponent = minus ? -(int64_t)size : (int64_t)size;
    return true;
}

/* False where the whole text is not one number by JSON's grammar. */
static bool number_parse(struct text text, struct number *number)
{
    *number = (struct number){.negative = take(&text, '-')};
    if (text.size == 0)
        return false;
    number->whole = take_digits(&text);
    if (number->whole.size == 0 || (number->whole.size > 1 && number->whole.data[0] == '0'))
        return false;
    if (take(&text, '.')) {
        number->fraction = take_digits(&text);
        if (number->fraction.size == 0)
            return false;
    }
    if ((take(&text, 'e') || take(&text, 'E')) && !take_exponent(&text, &number->exponent))
        return false;
    return text.size == 0;
}

/* ---- Exact integers ---- */

#define EXACT_DIGITS 38

/* size * 10^exponent where that is an integer of at most 38 digits; `digits` is how many size has. */
static bool scale_exactly(uint128 size, int64_t digits, int64_t exponent, uint128 *scaled)
{
    if (size != 0 && (exponent < 0 || exponent > EXACT_DIGITS - digits))
        return false;
    for (*scaled = size; size != 0 && exponent > 0; exponent--)
        *scaled *= 10;
    return true;
}

/* The significant digits of a number: size * 10^exponent, the last of them no zero. */
struct significand {
    uint128 size;
    int64_t digits;
    int64_t exponent;
};

/* Adds a run of digits; false where there are more than 38 significant ones. The exponent counts the zeros at
 * the end, which become digits of the size only if another digit follows. */
static bool significand_add(struct significand *sum, struct text run)
{
    for (size_t i = 0; i < run.size; i++) {
        if (run.data[i] == '0') {
            sum->exponent += sum->digits > 0;
            continue;
        }
        sum->digits += sum->exponent + 1;
        if (sum->digits > EXACT_DIGITS)
            return false;
        for (; sum->exponent >= 0; sum->exponent--)
            sum->size *= 10;
        sum->exponent = 0;
        sum->size += (unsigned)(run.data[i] - '0');
    }
    return true;
}

/* The number times 10^scale, where that is an integer of at most 38 digits. */
static bool number_to_integer(const struct number *number, int64_t scale, int128 *integer)
{
    struct significand sum = {0};
    uint128 size;
    if (!significand_add(&sum, number->whole) || !significand_add(&sum, number->fraction))
        return false;
    const int64_t exponent = sum.exponent + number->exponent - (int64_t)number->fraction.size + scale;
    if (!scale_exactly(sum.size, sum.digits, exponent, &size))
        return false;
    *integer = number->negative ? -(int128)size : (int128)size;
    return true;
}

/* ASCII digits with an optional minus. */
static bool digits_to_integer(struct text text, int128 *integer)
{
    const bool minus = take(&text, '-');
    uint64_t size;
    if (!digits_read(text, &size))
        return false;
    *integer = minus ? -(int128)size : (int128)size;
    return true;
}

static bool json_to_integer(struct text json, int128 *integer)
{
    struct number number;
    /* Nearly every number is digits alone; what is not comes here twice. */
    return digits_to_integer(json, integer) ||
           (number_parse(json, &number) && number_to_integer(&number, 0, integer));
}

static bool read_integer(const struct json_value *value, int128 least, int128 most, int128 *integer)
{
    const bool is_integer = value->kind == VALUE_NUMBER   ? json_to_integer(value->text, integer)
                            : value->kind == VALUE_STRING ? digits_to_integer(value->text, integer)
                                                          : false;
    return is_integer && *integer >= least && *integer <= most;
}

static bool is_digits(const struct json_value *value, uint64_t *number)
{
    return (value->kind == VALUE_NUMBER || value->kind == VALUE_STRING) && digits_read(value->text, number);
}

static bool convert_signed(const struct json_value *value, int64_t least, int64_t most, struct value *out)
{
    uint64_t number;
    if (is_digits(value, &number)) {
        out->as.integer = (int64_t)number;
        return number <= (uint64_t)most;
    }
    int128 integer;
    if (!read_integer(value, least, most, &integer))
        return false;
    out->as.integer = (int64_t)integer;
    return true;
}

static bool convert_unsigned(const struct json_value *value, uint64_t most, struct value *out)
{
    if (is_digits(value, &out->as.natural))
        return out->as.natural <= most;
    int128 integer;
    if (!read_integer(value, 0, most, &integer))
        return false;
    out->as.natural = (uint64_t)integer;
    return true;
}

/* ---- Floats ---- */

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
    const bool minus = take(&text, '-');
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

static bool convert_float(const struct json_value *value, bool narrow, struct value *out)
{
    struct number number;
    if ((value->kind == VALUE_NUMBER || value->kind == VALUE_STRING) && !narrow &&
        read_short_float(value->text, &out->as.real))
        return true;
    if ((value->kind != VALUE_NUMBER && value->kind != VALUE_STRING) || !number_parse(value->text, &number))
        return false;
    double real;
    if (!number_to_float_exactly(&number, narrow, &real))
        real = number_to_float_slowly(&number, narrow);
    out->as.real = number.negative ? -real : real;
    return isfinite(real);
}

/* ---- Decimal ---- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Two's complement bytes, big endian, in base64 with padding, as Kafka Connect writes a Decimal. False for
 * other text, for no bytes, and for a number beyond Int128. */
static bool base64_to_integer(struct text text, int128 *integer)
{
    if (text.size == 0 || text.size % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && text.data[text.size - 1] == '='; padding++)
        text.size--;
    unsigned bits = 0; /* the lowest `held` of them are not used yet */
    unsigned held = 0;
    for (size_t i = 0; i < text.size; i++) {
        const int value = base64_value(text.data[i]);
        if (value < 0)
            return false;
        if (i == 0)
            *integer = value & 0x20 ? -1 : 0;
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (__builtin_mul_overflow(*integer, 256, integer))
            return false;
        *integer += (bits >> held) & 0xFF;
    }
    return true;
}

static uint128 size_of(int128 integer)
{
    return integer < 0 ? -(uint128)integer : (uint128)integer;
}

static bool has_digits_at_most(int128 integer, unsigned digits)
{
    uint128 size = size_of(integer);
    for (; digits > 19; digits -= 19)
        size /= power_of_ten[19];
    return size < power_of_ten[digits];
}

/* integer * 10^(to - from), exactly. */
static bool rescale(int128 *integer, int64_t from, int64_t to)
{
    for (; *integer != 0 && from < to; from++) {
        if (__builtin_mul_overflow(*integer, 10, integer))
            return false;
    }
    for (; *integer != 0 && from > to; from--) {
        if (*integer % 10 != 0)
            return false;
        *integer /= 10;
    }
    return true;
}

/* The scale of {"scale":n,"value":"..."}: a JSON integer. */
static bool read_scale(struct text json, int64_t *scale)
{
    struct number number;
    int128 integer;
    if (!number_parse(json, &number) || number.whole.size != json.size - number.negative)
        return false;
    if (!digits_to_integer(json, &integer) || integer > EXPONENT_MOST || integer < -EXPONENT_MOST)
        integer = number.negative ? -EXPONENT_MOST : EXPONENT_MOST; /* only a zero has such a scale */
    *scale = (int64_t)integer;
    return true;
}

/* Debezium's VariableScaleDecimal, {"scale":n,"value":"..."}: the first member of each name counts. */
static bool read_scaled(struct text container, struct arena *arena, int64_t *scale, struct text *bytes)
{
    struct json_items items;
    struct json_item item;
    bool has_scale = false, has_bytes = false;
    if (!json_items_open(&items, container) || !items.is_object)
        return false;
    while (json_items_next(&items, &item)) {
        const struct text key = json_item_key(&item, arena);
        if (!has_scale && text_equal(key, TEXT("scale"))) {
            if (item.kind != JSON_NUMBER || !read_scale(item.raw, scale))
                return false;
            has_scale = true;
        } else if (!has_bytes && text_equal(key, TEXT("value"))) {
            if (item.kind != JSON_STRING)
                return false;
            *bytes = json_item_text(&item, arena);
            has_bytes = true;
        }
    }
    return has_scale && has_bytes;
}

static bool read_base64(const struct json_value *value, const struct conversion *to, struct arena *arena,
                        int128 *unscaled)
{
    int64_t scale = to->has_scale ? to->scale : to->type.scale;
    struct text bytes = value->text;
    if (value->kind == VALUE_CONTAINER) {
        if (!read_scaled(value->text, arena, &scale, &bytes))
            return false;
    } else if (value->kind != VALUE_STRING) {
        return false;
    }
    return base64_to_integer(bytes, unscaled) && rescale(unscaled, scale, to->type.scale);
}

static bool read_decimal(const struct json_value *value, const struct conversion *to, int128 *unscaled)
{
    struct number number;
    return (value->kind == VALUE_NUMBER || value->kind == VALUE_STRING) &&
           number_parse(value->text, &number) && number_to_integer(&number, to->type.scale, unscaled);
}

static bool convert_decimal(const struct json_value *value, const struct conversion *to, struct arena *arena,
                            struct value *out)
{
    const bool fits = to->base64 ? read_base64(value, to, arena, &out->as.decimal)
                                 : read_decimal(value, to, &out->as.decimal);
    return fits && has_digits_at_most(out->as.decimal, to->type.precision);
}

/* ---- Times ---- */

static bool read_instant(const struct json_value *value, enum time_unit unit, struct instant *instant)
{
    if (value->kind == VALUE_STRING)
        return instant_from_text(value->text, unit, instant);
    int128 count;
    return value->kind == VALUE_NUMBER && json_to_integer(value->text, &count) && count >= INT64_MIN &&
           count <= INT64_MAX && instant_from_epoch((int64_t)count, unit, instant);
}

#define FIRST_DAY32 (-25567) /* 1900-01-01 */
#define LAST_DAY32 120529    /* 2299-12-31 */

static bool convert_time(const struct json_value *value, const struct conversion *to, struct value *out)
{
    struct instant instant;
    if (value->kind == VALUE_STRING && to->type.kind == TYPE_DATETIME64)
        return ticks_from_text(value->text, to->unit, to->type.precision, &out->as.integer);
    if (!read_instant(value, to->unit, &instant))
        return false;
    int64_t *const time = &out->as.integer;
    switch (to->type.kind) {
    case TYPE_DATE:
        *time = instant_to_days(instant);
        return *time >= 0 && *time <= UINT16_MAX;
    case TYPE_DATE32:
        *time = instant_to_days(instant);
        return *time >= FIRST_DAY32 && *time <= LAST_DAY32;
    case TYPE_DATETIME:
        *time = instant.seconds;
        return *time >= 0 && *time <= UINT32_MAX;
    default:
        return instant_to_ticks(instant, to->type.precision, time);
    }
}

/* ---- The rest ---- */

static bool convert_bool(const struct json_value *value, struct value *out)
{
    const bool is_string = value->kind == VALUE_STRING;
    const bool is_true = value->kind == VALUE_TRUE || (is_string && text_equal(value->text, TEXT("true")));
    out->as.integer = is_true;
    return is_true || value->kind == VALUE_FALSE || (is_string && text_equal(value->text, TEXT("false")));
}

static bool convert_uuid(const struct json_value *value, struct value *out)
{
    if (value->kind != VALUE_STRING || value->text.size != 36)
        return false;
    const char *at = value->text.data;
    for (int i = 0; i < 16; i++, at += 2) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
            return false;
        const unsigned high = hex_value(at[0]), low = hex_value(at[1]);
        if ((high | low) > 15)
            return false;
        out->as.uuid[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

bool convert(const struct json_value *value, const struct conversion *to, struct arena *arena, struct value *out)
{
    *out = (struct value){0};
    switch (to->type.kind) {
    case TYPE_STRING:
        out->as.text = value->text;
        return true;
    case TYPE_BOOL:
        return convert_bool(value, out);
    case TYPE_INT8:
        return convert_signed(value, INT8_MIN, INT8_MAX, out);
    case TYPE_INT16:
        return convert_signed(value, INT16_MIN, INT16_MAX, out);
    case TYPE_INT32:
        return convert_signed(value, INT32_MIN, INT32_MAX, out);
    case TYPE_INT64:
        return convert_signed(value, INT64_MIN, INT64_MAX, out);
    case TYPE_UINT8:
        return convert_unsigned(value, UINT8_MAX, out);
    case TYPE_UINT16:
        return convert_unsigned(value, UINT16_MAX, out);
    case TYPE_UINT32:
        return convert_unsigned(value, UINT32_MAX, out);
    case TYPE_UINT64:
        return convert_unsigned(value, UINT64_MAX, out);
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        return convert_float(value, to->type.kind == TYPE_FLOAT32, out);
    case TYPE_DECIMAL:
        return convert_decimal(value, to, arena, out);
    case TYPE_DATE:
    case TYPE_DATE32:
    case TYPE_DATETIME:
    case TYPE_DATETIME64:
        return convert_time(value, to, out);
    case TYPE_UUID:
        return convert_uuid(value, out);
    }
    return false;
}
