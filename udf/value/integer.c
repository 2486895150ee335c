#include "base/digits.h"
#include "value/kinds.h"
#include "value/number.h"

/* ---- To 64 bits --------------------------------------------------------------------------------------------------------- */

static bool is_signed(enum type_kind kind)
{
    return kind <= TYPE_INT256;
}

/* A digit string has any number of leading zeros, unless it has to be held exactly. */
static bool has_lost_zeros(const struct json_value *value, const struct conversion *to)
{
    struct text text = value->text;
    if (!to->exact || value->kind != VALUE_STRING)
        return false;
    text_take(&text, '-');
    return text.size > 1 && text.data[0] == '0';
}

static __attribute__((noinline)) bool read_integer(const struct json_value *value,
                                                   const struct conversion *to, int128 least, int128 last,
                                                   int128 *integer)
{
    const bool is_integer = value->kind == VALUE_NUMBER   ? json_to_integer(value->text, integer)
                            : value->kind == VALUE_STRING ? digits_to_integer(value->text, integer)
                                                          : false;
    return is_integer && *integer >= least && *integer <= last && !has_lost_zeros(value, to);
}

/* Nearly every integer is digits alone. */
static inline bool is_digits(const struct json_value *value, uint64_t *number)
{
    return (value->kind == VALUE_NUMBER || value->kind == VALUE_STRING) && digits_read(value->text, number);
}

bool convert_signed(const struct json_value *value, const struct conversion *to, struct arena *arena,
                    struct value *out)
{
    (void)arena;
    const int64_t last = (int64_t)(UINT64_MAX >> (65 - 8 * to->type.width));
    int128 integer;
    if (is_digits(value, &out->as.natural))
        return out->as.natural <= (uint64_t)last && !has_lost_zeros(value, to);
    if (!read_integer(value, to, -(int128)last - 1, last, &integer))
        return false;
    out->as.integer = (int64_t)integer;
    return true;
}

bool convert_unsigned(const struct json_value *value, const struct conversion *to, struct arena *arena,
                      struct value *out)
{
    (void)arena;
    const uint64_t last = UINT64_MAX >> (64 - 8 * to->type.width);
    int128 integer;
    if (is_digits(value, &out->as.natural))
        return out->as.natural <= last && !has_lost_zeros(value, to);
    if (!read_integer(value, to, 0, last, &integer))
        return false;
    out->as.natural = (uint64_t)integer;
    return true;
}

char *write_signed_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    const int64_t number = value->as.integer;
    if (number >= 0)
        return digits_write(out, (uint64_t)number, 1);
    *out++ = '-';
    return digits_write(out, -(uint64_t)number, 1);
}

char *write_unsigned_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    return digits_write(out, value->as.natural, 1);
}

/* ---- 128 and 256 bits --------------------------------------------------------------------------------------------------- */

/* The same rules as for narrower ones: a number whose value is an integer, or a string of digits. */
static bool read_wide(const struct json_value *value, bool *negative, struct wide *size)
{
    struct number number;
    if (value->kind == VALUE_STRING) {
        struct text digits = value->text;
        number = (struct number){.negative = text_take(&digits, '-'), .whole = digits};
        for (size_t i = 0; i < digits.size; i++)
            if (!is_digit(digits.data[i]))
                return false;
        if (digits.size == 0)
            return false;
    } else if (value->kind != VALUE_NUMBER || !number_parse(value->text, &number)) {
        return false;
    }
    *negative = number.negative;
    return number_to_wide(&number, 0, size);
}

/* Whether so many bits hold the number, of which size is given without its sign. */
static bool is_in_range(const struct wide *size, bool negative, unsigned bits, bool has_sign)
{
    struct wide limit = {{0}}; /* the least size beyond the range; 0: there is none */
    const unsigned free = bits - has_sign;
    if (free < 256)
        limit.limbs[free / 64] = UINT64_C(1) << free % 64;
    if (negative && !has_sign)
        return wide_is_zero(size);
    return wide_is_zero(&limit) || wide_is_less(size, &limit) || (negative && !wide_is_less(&limit, size));
}

bool convert_wide_integer(const struct json_value *value, const struct conversion *to, struct arena *arena,
                          struct value *out)
{
    struct wide number;
    bool negative;
    if (!read_wide(value, &negative, &number) || has_lost_zeros(value, to) ||
        !is_in_range(&number, negative, 8u * to->type.width, is_signed(to->type.kind)))
        return false;
    if (negative)
        wide_negate(&number);
    if (to->type.width == sizeof(int128)) {
        memcpy(&out->as.decimal, number.limbs, sizeof(int128));
        return true;
    }
    out->as.wide = wide_keep(arena, &number);
    return out->as.wide != NULL;
}

char *write_wide_integer_json(char *out, const struct type *type, const struct value *value)
{
    struct wide number = {{0}};
    if (type->width == sizeof(int128))
        number = wide_of(value->as.decimal);
    else if (value->as.wide)
        number = *value->as.wide;
    if (!is_signed(type->kind) && type->width == sizeof(int128)) {
        number.limbs[2] = number.limbs[3] = 0;
    } else if (is_signed(type->kind) && wide_is_negative(&number)) {
        *out++ = '-';
        wide_negate(&number);
    }
    return wide_write(out, number, 1);
}

void write_wide(const struct type *type, const struct value *value, unsigned char *out)
{
    if (type->width < sizeof(struct wide))
        memcpy(out, &value->as, type->width);
    else if (value->as.wide)
        memcpy(out, value->as.wide->limbs, sizeof value->as.wide->limbs);
    else
        memset(out, 0, sizeof(struct wide));
}
