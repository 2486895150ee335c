/* What the rows of the table of types in type.c are made of; for the files of this folder. */
#ifndef KINDS_H
#define KINDS_H

#include "value/convert.h"

/* Reads what stands behind the type's name in parentheses, of which the text is what is left, and sets precision, scale and width. */
typedef bool take_arguments(struct text *text, struct type *type);

/* As convert(), for values that are no Extended JSON scalar; *out is all zeros. */
typedef bool convert_kind(const struct json_value *value, const struct conversion *to, struct arena *arena,
                          struct value *out);

/* Writes type->width bytes. */
typedef void write_binary(const struct type *type, const struct value *value, unsigned char *out);

/* Writes a value that is not NULL, with its quotes; answers where it ends. */
typedef char *write_json(char *out, const struct type *type, const struct value *value);

struct type_row {
    const char *name;
    const char *arguments; /* as type_list shows them; NULL: none */
    uint8_t width;         /* 0: the arguments say it, or it has none */
    take_arguments *take;  /* NULL: none */
    convert_kind *convert;
    write_binary *binary; /* NULL: its bytes as they are stored */
    write_json *json;     /* NULL for String and Array, whose length has no bound (write.h) */
};

extern const struct type_row type_rows[TYPE_KINDS];

/* Parts of arguments. */
bool take_sign(struct text *text, char sign);
bool take_bounded(struct text *text, unsigned least, unsigned last, uint8_t *number);

convert_kind convert_string, convert_bool, convert_signed, convert_unsigned, convert_wide_integer,
    convert_float, convert_decimal, convert_time, convert_uuid, convert_ipv4, convert_ipv6, convert_array;
write_binary write_float32, write_wide, write_uuid, write_ipv6;
write_json write_bool_json, write_signed_json, write_unsigned_json, write_wide_integer_json, write_float_json,
    write_decimal_json, write_date_json, write_time_json, write_uuid_json, write_ipv4_json, write_ipv6_json;
take_arguments take_decimal, take_datetime, take_datetime64;

#endif
