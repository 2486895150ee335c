#include "base/base64.h"
#include "base/digits.h"
#include "value/kinds.h"
#include "value/number.h"
#include "json/json_items.h"

#define NARROW_DIGITS 38 /* a Decimal of more is stored as a struct wide */

/* ---- From base64 -------------------------------------------------------------------------------------------------------- */

/* Two's complement bytes, big endian, in base64 with padding, as Kafka Connect writes a Decimal. False for
 * other text, for no bytes, and for a number beyond 256 bits. */
static bool base64_to_wide(struct text text, struct wide *number)
{
    if (text.size == 0 || text.size % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && text.data[text.size - 1] == '='; padding++)
        text.size--;
    unsigned bits = 0; /* the lowest `count` of them are not used yet */
    unsigned count = 0;
    for (size_t i = 0; i < text.size; i++) {
        const uint32_t digit = base64_digit(text.data[i]);
        if (digit > 63)
            return false;
        if (i == 0)
            *number = wide_of(digit & 0x20 ? -1 : 0);
        bits = (bits << 6 | digit) & 0xFFFF;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        if (!wide_push_byte(number, (unsigned char)(bits >> count)))
            return false;
    }
    return true;
}

/* size * 10^(to - from), exactly. */
static bool rescale(struct wide *size, int64_t from, int64_t to)
{
    for (; !wide_is_zero(size) && from < to; from++)
        if (!wide_multiply_add(size, 10, 0))
            return false;
    for (; !wide_is_zero(size) && from > to; from--)
        if (wide_divide(size, 10) != 0)
            return false;
    return true;
}

/* The scale of {"scale":n,"value":"..."}: a JSON integer. */
static bool read_scale(struct text json, int64_t *scale)
{
    struct number number;
    int128 integer;
    if (!number_parse(json, &number) || number.whole.size != json.size - number.negative)
        return false;
    if (!digits_to_integer(json, &integer) || integer > EXPONENT_LIMIT || integer < -EXPONENT_LIMIT)
        integer = number.negative ? -EXPONENT_LIMIT : EXPONENT_LIMIT; /* only a zero has such a scale */
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
                        bool *negative, struct wide *size)
{
    int64_t scale = to->has_scale ? to->scale : to->type.scale;
    struct text bytes = value->text;
    if (value->kind == VALUE_CONTAINER) {
        if (!read_scaled(value->text, arena, &scale, &bytes))
            return false;
    } else if (value->kind != VALUE_STRING) {
        return false;
    }
    if (!base64_to_wide(bytes, size))
        return false;
    *negative = wide_is_negative(size);
    if (*negative)
        wide_negate(size);
    return rescale(size, scale, to->type.scale);
}

/* ---- To and from values ------------------------------------------------------------------------------------------------- */

static bool parse_number(const struct json_value *value, struct number *number)
{
    return (value->kind == VALUE_NUMBER || value->kind == VALUE_STRING) && number_parse(value->text, number);
}

/* From a number of at most 38 digits, for which 128 bits do. */
static bool convert_narrow(const struct json_value *value, const struct type *type, int128 *unscaled)
{
    struct number number;
    if (!parse_number(value, &number) || !number_to_integer(&number, type->scale, unscaled))
        return false;
    uint128 size = *unscaled < 0 ? -(uint128)*unscaled : (uint128)*unscaled;
    unsigned digits = type->precision;
    for (; digits > 19; digits -= 19)
        size /= power_of_ten[19];
    return size < power_of_ten[digits];
}

bool convert_decimal(const struct json_value *value, const struct conversion *to, struct arena *arena,
                     struct value *out)
{
    const struct type *const type = &to->type;
    if (!to->base64 && type->precision <= NARROW_DIGITS)
        return convert_narrow(value, type, &out->as.decimal);
    struct wide size;
    bool negative;
    if (to->base64) {
        if (!read_base64(value, to, arena, &negative, &size))
            return false;
    } else {
        struct number number;
        if (!parse_number(value, &number) || !number_to_wide(&number, type->scale, &size))
            return false;
        negative = number.negative;
    }
    const struct wide limit = wide_power_of_ten(type->precision);
    if (!wide_is_less(&size, &limit))
        return false;
    if (negative)
        wide_negate(&size);
    if (type->precision <= NARROW_DIGITS) {
        memcpy(&out->as.decimal, size.limbs, sizeof out->as.decimal);
        return true;
    }
    out->as.wide = wide_keep(arena, &size);
    return out->as.wide != NULL;
}

/* 12.3 for 1230 at scale 2: no zeros at the end of a fraction. */
char *write_decimal_json(char *out, const struct type *type, const struct value *value)
{
    struct wide number = {{0}};
    if (type->precision <= NARROW_DIGITS)
        number = wide_of(value->as.decimal);
    else if (value->as.wide)
        number = *value->as.wide;
    if (wide_is_negative(&number)) {
        *out++ = '-';
        wide_negate(&number);
    }
    char digits[WIDE_DIGITS + 1]; /* at least one before the point */
    const char *end = wide_write(digits, number, type->scale + 1u);
    const char *const point = end - type->scale;
    while (end > point && end[-1] == '0')
        end--;
    memcpy(out, digits, (size_t)(point - digits));
    out += point - digits;
    if (end > point) {
        *out++ = '.';
        memcpy(out, point, (size_t)(end - point));
        out += end - point;
    }
    return out;
}
