/* Messages, with a byte 0xFF between them, through the layout that the first byte names. A row must be whole: an event without a
 * reason, anything else with one and with nothing but defaults; a value within its type. A decoder that has seen all the messages
 * before and learned their shapes must give the row that one without shapes gives, whatever stands in the padding. */
#include "decode/decode.h"
#include "fuzz.h"
#include "grammar.h"
#include "layouts.h"

#define SEPARATOR 0xFF /* no byte of UTF-8 */

static struct decoder *learned[LAYOUTS], *general[LAYOUTS];

static void print_value(FILE *out, const struct type *type, const struct value *value)
{
    fputc(value->null, out);
    if (type->kind == TYPE_STRING) {
        touch(value->as.text);
        fwrite(value->as.text.data ? value->as.text.data : "", 1, value->as.text.size, out);
    } else if (type->kind == TYPE_ARRAY) {
        const struct type element = type_element(type);
        for (size_t i = 0; i < value->as.array.count; i++)
            print_value(out, &element, &value->as.array.elements[i]);
        fprintf(out, "(%zu)", value->as.array.count);
    } else {
        unsigned char bytes[VALUE_BINARY_SIZE];
        char json[VALUE_JSON_SIZE];
        size_t written = value_to_binary(type, value, bytes);
        HOLDS(written == type->width && written <= sizeof bytes);
        fwrite(bytes, 1, written, out);
        written = value_to_json(type, value, json);
        HOLDS(written > 0 && written <= sizeof json);
        fwrite(json, 1, written, out);
    }
}

/* The row's bytes, to compare it with another. */
static struct text print_row(const struct layout *layout, const struct row *row)
{
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    HOLDS(out);
    fprintf(out, "%d %.*s\n", (int)row->outcome, (int)row->reason.size, row->reason.data ? row->reason.data : "");
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct type *type = &layout->columns[i].as.type;
        const struct value *value = &row->values[i];
        HOLDS(!value->null || type->nullable);
        print_value(out, type, value);
        fputc('\n', out);
    }
    HOLDS(fclose(out) == 0);
    return (struct text){data, size};
}

static void check(const struct layout *layout, const struct row *row, bool utf8)
{
    HOLDS(row->outcome == OUTCOME_EVENT || row->outcome == OUTCOME_SKIPPED || row->outcome == OUTCOME_ERROR);
    HOLDS((row->outcome == OUTCOME_EVENT) == (row->reason.size == 0));
    HOLDS(!utf8 || grammar_is_utf8((const uint8_t *)row->reason.data, row->reason.size));
    HOLDS(row->reason.size < 512);
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct column *column = &layout->columns[i];
        struct value none = type_default(&column->as.type);
        const struct value *value = &row->values[i];
        if (row->outcome != OUTCOME_EVENT) {
            HOLDS(value->null == none.null);
            HOLDS(column->as.type.kind == TYPE_STRING ? value->as.text.size == 0 : memcmp(&value->as, &none.as, sizeof none.as) == 0);
        } else if (column->as.type.kind == TYPE_STRING) {
            HOLDS(grammar_is_utf8((const uint8_t *)value->as.text.data, value->as.text.size));
        } else if (column->as.type.kind == TYPE_FLOAT64 || column->as.type.kind == TYPE_FLOAT32) {
            HOLDS(value->as.real - value->as.real == 0); /* finite */
        }
    }
}

/* The row's bytes as this decoder gives them; the caller frees the data. */
static struct text decoded(struct decoder *decoder, const struct layout *layout, const uint8_t *data, size_t size, uint8_t filler)
{
    char *copy = padded(data, size, filler);
    const struct row *row = decode(decoder, (struct text){copy, size});
    check(layout, row, grammar_is_utf8(data, size));
    struct text text = print_row(layout, row);
    free(copy);
    return text;
}

static void release(struct text text)
{
    free((void *)(uintptr_t)text.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t number = take_byte(&data, &size);
    const struct layout *layout = layouts_get(number);
    if (!learned[number]) {
        HOLDS((learned[number] = decoder_new(layout)) && (general[number] = decoder_new(layout)));
        HOLDS(decoder_use_shapes(general[number], false));
    }

    const uint8_t *last = size > 0 ? memrchr(data, SEPARATOR, size) : NULL;
    last = last ? last + 1 : data;
    size_t last_size = size - (size_t)(last - data);
    while (data < last) {
        const uint8_t *end = memchr(data, SEPARATOR, (size_t)(last - data));
        release(decoded(learned[number], layout, data, (size_t)(end - data), '"'));
        data = end + 1;
    }
    struct text experienced = decoded(learned[number], layout, last, last_size, '"');
    struct text alone = decoded(general[number], layout, last, last_size, 0);
    HOLDS(text_equal(experienced, alone));
    release(experienced);
    release(alone);
    return 0;
}
