#include "value/type.h"

#include "base/digits.h"
#include "value/kinds.h"

/* ---- The table ---------------------------------------------------------------------------------------------------------- */

const struct type_row type_rows[TYPE_KINDS] = {
    [TYPE_STRING] = {"String", NULL, 0, NULL, convert_string, NULL, NULL},
    [TYPE_BOOL] = {"Bool", NULL, 1, NULL, convert_bool, NULL, write_bool_json},
    [TYPE_INT8] = {"Int8", NULL, 1, NULL, convert_signed, NULL, write_signed_json},
    [TYPE_INT16] = {"Int16", NULL, 2, NULL, convert_signed, NULL, write_signed_json},
    [TYPE_INT32] = {"Int32", NULL, 4, NULL, convert_signed, NULL, write_signed_json},
    [TYPE_INT64] = {"Int64", NULL, 8, NULL, convert_signed, NULL, write_signed_json},
    [TYPE_INT128] = {"Int128", NULL, 16, NULL, convert_wide_integer, NULL, write_wide_integer_json},
    [TYPE_INT256] = {"Int256", NULL, 32, NULL, convert_wide_integer, write_wide, write_wide_integer_json},
    [TYPE_UINT8] = {"UInt8", NULL, 1, NULL, convert_unsigned, NULL, write_unsigned_json},
    [TYPE_UINT16] = {"UInt16", NULL, 2, NULL, convert_unsigned, NULL, write_unsigned_json},
    [TYPE_UINT32] = {"UInt32", NULL, 4, NULL, convert_unsigned, NULL, write_unsigned_json},
    [TYPE_UINT64] = {"UInt64", NULL, 8, NULL, convert_unsigned, NULL, write_unsigned_json},
    [TYPE_UINT128] = {"UInt128", NULL, 16, NULL, convert_wide_integer, NULL, write_wide_integer_json},
    [TYPE_UINT256] = {"UInt256", NULL, 32, NULL, convert_wide_integer, write_wide, write_wide_integer_json},
    [TYPE_FLOAT32] = {"Float32", NULL, 4, NULL, convert_float, write_float32, write_float_json},
    [TYPE_FLOAT64] = {"Float64", NULL, 8, NULL, convert_float, NULL, write_float_json},
    [TYPE_DECIMAL] = {"Decimal", "(P, S) with P to 76", 0, take_decimal, convert_decimal, write_wide,
                      write_decimal_json},
    [TYPE_DATE] = {"Date", NULL, 2, NULL, convert_time, NULL, write_date_json},
    [TYPE_DATE32] = {"Date32", NULL, 4, NULL, convert_time, NULL, write_date_json},
    [TYPE_DATETIME] = {"DateTime", NULL, 4, take_datetime, convert_time, NULL, write_time_json},
    [TYPE_DATETIME64] = {"DateTime64", "(P) with P to 9", 8, take_datetime64, convert_time, NULL,
                         write_time_json},
    [TYPE_UUID] = {"UUID", NULL, 16, NULL, convert_uuid, write_uuid, write_uuid_json},
    [TYPE_IPV4] = {"IPv4", NULL, 4, NULL, convert_ipv4, NULL, write_ipv4_json},
    [TYPE_IPV6] = {"IPv6", NULL, 16, NULL, convert_ipv6, NULL, write_ipv6_json},
    [TYPE_ARRAY] = {"Array", NULL, 0, NULL, convert_array, NULL,
                    NULL}, /* parsed by type_parse, as Nullable is */
};

struct text type_list(struct arena *arena)
{
    struct text list = {NULL, 0};
    for (int kind = 0; kind < TYPE_ARRAY; kind++) {
        const struct type_row *const row = &type_rows[kind];
        list = arena_printf(arena, "%.*s%s%s, ", TEXT_ARGUMENTS(list), row->name,
                            row->arguments ? row->arguments : "");
    }
    return arena_printf(arena, "%.*sNullable(...) of each, Array(...) of these, and Array(Array(...))",
                        TEXT_ARGUMENTS(list));
}

/* ---- Names -------------------------------------------------------------------------------------------------------------- */

static void skip_space(struct text *text)
{
    size_t count = 0;
    while (count < text->size && memchr(" \t\n\r\f\v", text->data[count], 6) != NULL)
        count++;
    *text = text_from(*text, count);
}

bool take_sign(struct text *text, char sign)
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

/* A number from least to last (at most 99), without leading zeros. */
bool take_bounded(struct text *text, unsigned least, unsigned last, uint8_t *number)
{
    const struct text word = take_word(text);
    uint64_t digits;
    if (!digits_read(word, &digits) || (word.size > 1 && word.data[0] == '0') || digits < least ||
        digits > last)
        return false;
    *number = (uint8_t)digits;
    return true;
}

/* A type without parameters of its own kind around it: not Nullable, no Array. */
static bool take_scalar(struct text *text, struct type *type)
{
    const struct text word = take_word(text);
    for (int kind = 0; kind < TYPE_ARRAY; kind++) {
        const struct type_row *const row = &type_rows[kind];
        if (!text_equal(word, text_of(row->name)))
            continue;
        type->kind = (enum type_kind)kind;
        type->width = row->width;
        return row->take == NULL || row->take(text, type);
    }
    return false;
}

/* Takes `word(` where the text begins so. */
static bool take_opening(struct text *text, struct text word)
{
    struct text rest = *text;
    if (!text_equal(take_word(&rest), word) || !take_sign(&rest, '('))
        return false;
    *text = rest;
    return true;
}

bool type_parse(const char *name, struct type *type)
{
    *type = (struct type){.name = name};
    struct text text = text_of(name);
    uint8_t depth = 0;
    while (depth < ARRAY_DEPTH && take_opening(&text, TEXT("Array")))
        depth++;
    const bool nullable = take_opening(&text, TEXT("Nullable"));
    if (!take_scalar(&text, type))
        return false;
    for (int i = 0; i < depth + nullable; i++)
        if (!take_sign(&text, ')'))
            return false;
    skip_space(&text);
    type->nullable = nullable;
    if (depth > 0) {
        type->depth = depth;
        type->scalar_kind = type->kind;
        type->scalar_nullable = nullable;
        type->kind = TYPE_ARRAY;
        type->nullable = false;
        type->width = 0;
    }
    return text.size == 0;
}

static uint8_t decimal_width(uint8_t precision)
{
    return precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}

struct type type_element(const struct type *array)
{
    struct type element = *array;
    element.depth--;
    if (element.depth > 0)
        return element;
    element.kind = array->scalar_kind;
    element.nullable = array->scalar_nullable;
    element.width =
        element.kind == TYPE_DECIMAL ? decimal_width(element.precision) : type_rows[element.kind].width;
    return element;
}

struct value type_default(const struct type *type)
{
    return (struct value){.null = type->nullable};
}

/* (P, S) */
bool take_decimal(struct text *text, struct type *type)
{
    if (!take_sign(text, '(') || !take_bounded(text, 1, DECIMAL_DIGITS, &type->precision) ||
        !take_sign(text, ',') || !take_bounded(text, 0, type->precision, &type->scale))
        return false;
    type->width = decimal_width(type->precision);
    return take_sign(text, ')');
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

/* Nothing or ('UTC') */
bool take_datetime(struct text *text, struct type *type)
{
    (void)type;
    return !take_sign(text, '(') || (take_utc(text) && take_sign(text, ')'));
}

/* (N) or (N, 'UTC') */
bool take_datetime64(struct text *text, struct type *type)
{
    return take_sign(text, '(') && take_bounded(text, 0, 9, &type->precision) &&
           (!take_sign(text, ',') || take_utc(text)) && take_sign(text, ')');
}

/* ---- Values ------------------------------------------------------------------------------------------------------------- */

size_t value_to_binary(const struct type *type, const struct value *value, unsigned char *out)
{
    write_binary *const write = type_rows[type->kind].binary;
    /* The host is little endian too (digits.h holds it to that): a narrower integer is a prefix of the wider. */
    if (write)
        write(type, value, out);
    else
        memcpy(out, &value->as, type->width);
    return type->width;
}

size_t value_to_json(const struct type *type, const struct value *value, char out[VALUE_JSON_SIZE])
{
    if (value->null) {
        memcpy(out, "null", 4);
        return 4;
    }
    return (size_t)(type_rows[type->kind].json(out, type, value) - out);
}
