#include "value/convert.h"

void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                   struct json_value *value)
{
    static const unsigned char kinds[] = {
        [JSON_NULL] = VALUE_CONTAINER,  [JSON_FALSE] = VALUE_FALSE,   [JSON_TRUE] = VALUE_TRUE,
        [JSON_NUMBER] = VALUE_NUMBER,   [JSON_STRING] = VALUE_STRING, [JSON_ARRAY] = VALUE_CONTAINER,
        [JSON_OBJECT] = VALUE_CONTAINER};
    value->text = json_text(doc, node, arena);
    value->kind = kinds[node->kind];
}

bool convert_node(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                  const struct conversion *to, struct value *out)
{
    struct json_value value;
    json_value_of(doc, node, arena, &value);
    return convert(&value, to, arena, out);
}
