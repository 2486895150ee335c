/* String and Bool. */
#include "value/kinds.h"
#include "value/number.h"

bool convert_string(const struct json_value *value, const struct conversion *to, struct arena *arena,
                    struct value *out)
{
    (void)to;
    (void)arena;
    out->as.text = value->text;
    return true;
}

bool convert_bool(const struct json_value *value, const struct conversion *to, struct arena *arena,
                  struct value *out)
{
    (void)to;
    (void)arena;
    int128 number;
    const struct text text = value->text;
    switch (value->kind) {
    case VALUE_TRUE:
    case VALUE_FALSE:
        out->as.integer = value->kind == VALUE_TRUE;
        return true;
    case VALUE_NUMBER:
        if (!json_to_integer(text, &number) || number < 0 || number > 1)
            return false;
        out->as.integer = (int64_t)number;
        return true;
    case VALUE_STRING:
        out->as.integer = text_equal(text, TEXT("true"));
        return out->as.integer || text_equal(text, TEXT("false"));
    case VALUE_CONTAINER:
        break;
    }
    return false;
}

char *write_bool_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    const struct text text = value->as.integer ? TEXT("true") : TEXT("false");
    memcpy(out, text.data, text.size);
    return out + text.size;
}
