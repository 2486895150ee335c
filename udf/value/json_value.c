#include "value/json_value.h"

void json_value_take_scale(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                           struct json_value *value)
{
    const struct json_node *scale = json_member(doc, node, TEXT("scale"), arena);
    const struct json_node *unscaled = json_member(doc, node, TEXT("value"), arena);
    if (!scale || scale->kind != JSON_NUMBER || !unscaled || unscaled->kind != JSON_STRING)
        return;
    value->scale = json_raw(doc, scale);
    value->unscaled = json_text(doc, unscaled, arena);
}

void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                   struct json_value *value)
{
    static const unsigned char kinds[] = {
        [JSON_NULL] = VALUE_CONTAINER,  [JSON_FALSE] = VALUE_FALSE,   [JSON_TRUE] = VALUE_TRUE,
        [JSON_NUMBER] = VALUE_NUMBER,   [JSON_STRING] = VALUE_STRING, [JSON_ARRAY] = VALUE_CONTAINER,
        [JSON_OBJECT] = VALUE_CONTAINER};
    value->text = json_text(doc, node, arena);
    value->scale = (struct text){NULL, 0};
    value->unscaled = (struct text){NULL, 0};
    value->kind = kinds[node->kind];
}
