#include "base/digits.h"
#include "value/kinds.h"

static __attribute__((noinline)) bool has_upper(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_upper(text.data[i]))
            return true;
    return false;
}

/* The canonical form, in any case; exactly, in lower case. */
bool convert_uuid(const struct json_value *value, const struct conversion *to, struct arena *arena,
                  struct value *out)
{
    (void)arena;
    if (value->kind != VALUE_STRING || value->text.size != 36)
        return false;
    const char *at = value->text.data;
    for (int i = 0; i < 16; i++, at += 2) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
            return false;
        const unsigned high = hex_value(at[0]), low = hex_value(at[1]);
        if ((high | low) > 15)
            return false;
        out->as.bytes[i] = (unsigned char)(high << 4 | low);
    }
    return !to->exact || !has_upper(value->text);
}

void write_uuid(const struct type *type, const struct value *value, unsigned char *out)
{
    (void)type;
    for (int i = 0; i < 8; i++) {
        out[i] = value->as.bytes[7 - i];
        out[8 + i] = value->as.bytes[15 - i];
    }
}

char *write_uuid_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    *out++ = '"';
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex_digits[value->as.bytes[i] >> 4];
        *out++ = hex_digits[value->as.bytes[i] & 0xF];
    }
    *out++ = '"';
    return out;
}
