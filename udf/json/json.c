/* What both back ends share: looking things up in a parsed document. */
#include "json/json.h"

const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    struct text key, struct arena *arena)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member))
        if (text_equal(json_key(doc, member, arena), key))
            return member;
    return NULL;
}

const struct json_node *json_element(const struct json_doc *doc, const struct json_node *array,
                                     uint32_t index)
{
    if (!array || array->kind != JSON_ARRAY)
        return NULL;
    const struct json_node *element = json_first(doc, array);
    while (element && index-- > 0)
        element = json_after(doc, array, element);
    return element;
}
