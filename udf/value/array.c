#include "value/kinds.h"
#include "json/json_items.h"

static size_t count_items(struct json_items items)
{
    struct json_item item;
    size_t count = 0;
    while (json_items_next(&items, &item))
        count++;
    return count;
}

/* null is one where the elements are Nullable; an empty string is one only of String. */
static bool convert_item(const struct json_item *item, const struct conversion *to, struct arena *arena,
                         struct value *out)
{
    if (item->kind == JSON_NULL) {
        *out = (struct value){.null = true};
        return to->type.nullable;
    }
    const struct json_value value = json_value_of_item(item, arena);
    if (value.kind == VALUE_STRING && value.text.size == 0 && to->type.kind != TYPE_STRING)
        return false;
    return convert(&value, to, arena, out);
}

bool convert_array(const struct json_value *value, const struct conversion *to, struct arena *arena,
                   struct value *out)
{
    struct json_items items;
    struct json_item item;
    if (value->kind != VALUE_CONTAINER || !json_items_open(&items, value->text) || items.is_object)
        return false;
    const size_t count = count_items(items);
    if (count == 0)
        return true;
    struct value *const elements =
        count <= SIZE_MAX / sizeof *elements ? arena_alloc(arena, count * sizeof *elements) : NULL;
    if (!elements)
        return false;
    struct conversion of_element = *to;
    of_element.type = type_element(&to->type);
    for (size_t i = 0; i < count; i++)
        if (!json_items_next(&items, &item) || !convert_item(&item, &of_element, arena, &elements[i]))
            return false;
    out->as.array.elements = elements;
    out->as.array.count = count;
    return true;
}
