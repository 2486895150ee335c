#include "sides.h"

#include <stdio.h>

#include "base/simd.h"

struct layout *cjson_layout_parse(const char *file, struct text json, char *problem);
void cjson_layout_free(struct layout *layout);
struct decoder *cjson_decoder_new(const struct layout *layout);
void cjson_decoder_free(struct decoder *decoder);
bool cjson_decoder_use_shapes(struct decoder *decoder, bool use);
struct shape_counts cjson_decoder_shape_counts(const struct decoder *decoder);
const struct row *cjson_decode(struct decoder *decoder, struct text message);
bool cjson_simd_use(const char *name);

const struct side sides[SIDES] = {
    {"simdjson", layout_parse, layout_free, decoder_new, decoder_free, decoder_use_shapes,
     decoder_shape_counts, decode, simd_use},
    {"cJSON", cjson_layout_parse, cjson_layout_free, cjson_decoder_new, cjson_decoder_free,
     cjson_decoder_use_shapes, cjson_decoder_shape_counts, cjson_decode, cjson_simd_use},
};

static void put_value(struct buffer *out, const struct type *type, const struct value *value)
{
    if (type->nullable)
        buffer_put(out, value->null ? "\1" : "\0", 1);
    if (type->nullable && value->null)
        return;
    if (type->kind == TYPE_STRING) {
        const uint64_t size = value->as.text.size;
        buffer_put(out, &size, sizeof size);
        buffer_put(out, value->as.text.data, value->as.text.size);
    } else if (type->kind == TYPE_ARRAY) {
        const uint64_t count = value->as.array.count;
        const struct type element = type_element(type);
        buffer_put(out, &count, sizeof count);
        for (uint64_t i = 0; i < count; i++)
            put_value(out, &element, &value->as.array.elements[i]);
    } else {
        unsigned char bytes[VALUE_BINARY_SIZE];
        buffer_put(out, bytes, value_to_binary(type, value, bytes));
    }
}

void put_row(struct buffer *out, const struct layout *layout, const struct row *row)
{
    const uint64_t head[2] = {(uint64_t)row->outcome, row->reason.size};
    buffer_put(out, head, sizeof head);
    buffer_put(out, row->reason.data, row->reason.size);
    for (size_t i = 0; i < layout->column_count; i++)
        put_value(out, &layout->columns[i].as.type, &row->values[i]);
}

static void put_value_text(struct buffer *out, const struct type *type, const struct value *value)
{
    if (type->nullable && value->null) {
        buffer_text(out, "NULL");
    } else if (type->kind == TYPE_STRING) {
        buffer_string(out, value->as.text);
    } else if (type->kind == TYPE_ARRAY) {
        const struct type element = type_element(type);
        buffer_text(out, "[");
        for (size_t i = 0; i < value->as.array.count; i++) {
            buffer_text(out, i > 0 ? ", " : "");
            put_value_text(out, &element, &value->as.array.elements[i]);
        }
        buffer_text(out, "]");
    } else {
        char text[VALUE_JSON_SIZE];
        buffer_put(out, text, value_to_json(type, value, text));
    }
}

void put_row_text(struct buffer *out, const struct layout *layout, const struct row *row)
{
    static const char *const outcomes[] = {"event", "skipped", "error"};
    buffer_print(out, "%s ", outcomes[row->outcome]);
    buffer_string(out, row->reason);
    for (size_t i = 0; i < layout->column_count; i++) {
        buffer_text(out, i > 0 ? ", " : ": ");
        put_value_text(out, &layout->columns[i].as.type, &row->values[i]);
    }
}
