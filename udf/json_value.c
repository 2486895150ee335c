#include "json_value.h"

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

void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena, struct json_value *value)
{
    value->text = json_text(doc, node, arena);
    value->scale = (struct text){NULL, 0};
    value->unscaled = (struct text){NULL, 0};
    switch ((enum json_kind)node->kind) {
    case JSON_FALSE:
        value->kind = VALUE_FALSE;
        break;
    case JSON_TRUE:
        value->kind = VALUE_TRUE;
        break;
    case JSON_NUMBER:
        value->kind = VALUE_NUMBER;
        break;
    case JSON_STRING:
        value->kind = VALUE_STRING;
        break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        value->kind = VALUE_CONTAINER;
    }
}
