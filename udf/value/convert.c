#include "value/convert.h"

#include "value/extended.h"
#include "value/kinds.h"

static const unsigned char kinds[] = {
    [JSON_NULL] = VALUE_CONTAINER,  [JSON_FALSE] = VALUE_FALSE,   [JSON_TRUE] = VALUE_TRUE,
    [JSON_NUMBER] = VALUE_NUMBER,   [JSON_STRING] = VALUE_STRING, [JSON_ARRAY] = VALUE_CONTAINER,
    [JSON_OBJECT] = VALUE_CONTAINER};

void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                   struct json_value *value)
{
    value->text = json_text(doc, node, arena);
    value->kind = kinds[node->kind];
}

struct json_value json_value_of_item(const struct json_item *item, struct arena *arena)
{
    return (struct json_value){kinds[item->kind], json_item_text(item, arena)};
}

/* A container may stand for a scalar. Apart, so that the common way needs no stack. */
static __attribute__((noinline)) bool convert_container(const struct json_value *value,
                                                        const struct conversion *to, struct arena *arena,
                                                        struct value *out)
{
    struct json_value scalar;
    struct conversion as = *to;
    bool is_date;
    convert_kind *const convert_scalar = type_rows[to->type.kind].convert;
    if ((to->type.kind == TYPE_STRING && !to->extended) ||
        !extended_read(value->text, arena, &scalar, &is_date))
        return convert_scalar(value, to, arena, out);
    if (is_date)
        as.unit = UNIT_MILLIS;
    if (scalar.text.size == 0 && to->type.kind != TYPE_STRING)
        return false;
    return convert_scalar(&scalar, &as, arena, out);
}

bool convert(const struct json_value *value, const struct conversion *to, struct arena *arena,
             struct value *out)
{
    *out = (struct value){0};
    if (to->foreign)
        return false;
    if (value->kind == VALUE_CONTAINER)
        return convert_container(value, to, arena, out);
    return type_rows[to->type.kind].convert(value, to, arena, out);
}

bool convert_node(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                  const struct conversion *to, struct value *out)
{
    struct json_value value;
    json_value_of(doc, node, arena, &value);
    return convert(&value, to, arena, out);
}
