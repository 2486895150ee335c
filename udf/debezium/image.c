/* The members of an image by their names: see view.h. */
#include "debezium/view.h"

/* Where a flattened name leads, whose parts stand joined by dots: payload, price.scale. A name that holds dots itself comes first. */
static struct path_tree *find_flat(const struct path_tree *tree, struct text name)
{
    struct path_tree *child = path_tree_child(tree, name);
    for (size_t i = 0; i < name.size && !child; i++)
        if (name.data[i] == '.' && (child = path_tree_child(tree, (struct text){name.data, i})) != NULL)
            child = find_flat(child, text_from(name, i + 1));
    return child;
}

static bool is_name(struct text text, struct text prefix, const char *name)
{
    return text.size == prefix.size + strlen(name) && text_starts(text, prefix) &&
           text_equal(text_from(text, prefix.size), text_of(name));
}

bool image_is_metadata(const struct image *image, struct text key)
{
    if (!image->beside_metadata)
        return false;
    if (text_equal(key, TEXT("__deleted")))
        return true;
    if (image->prefix.size)
        return text_starts(key, image->prefix);
    return text_equal(key, TEXT("op")) || text_equal(key, TEXT("ts_ms")) || text_starts(key, TEXT("source_"));
}

/* NAMED_AS_METADATA: the source field's name; empty if it is none. */
static struct text metadata_name(const struct image *image, struct text key, bool *fallback)
{
    struct text none = {NULL, 0};
    if (!text_starts(key, image->prefix) || text_equal(key, TEXT("__deleted")) ||
        is_name(key, image->prefix, "op") || is_name(key, image->prefix, "ts_ms"))
        return none;
    struct text name = text_from(key, image->prefix.size);
    *fallback = !text_starts(name, TEXT("source_"));
    return *fallback ? name : text_from(name, sizeof "source_" - 1);
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the attribute is iodebezium and the name's letters and digits, in lower case. */
static bool is_attribute(struct text key, struct text name)
{
    size_t at = sizeof "iodebezium" - 1;
    for (size_t i = 0; i < name.size; i++) {
        if (!is_letter_or_digit(name.data[i]))
            continue;
        char c =
            name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] + ('a' - 'A')) : name.data[i];
        if (at == key.size || key.data[at++] != c)
            return false;
    }
    return at == key.size;
}

static struct path_tree *find_attribute(const struct path_tree *tree, struct text key)
{
    if (!text_starts(key, TEXT("iodebezium")))
        return NULL;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->children[i].step.name.data && is_attribute(key, tree->children[i].step.name))
            return &tree->children[i];
    return NULL;
}

struct path_tree *image_find(const struct image *image, const struct path_tree *tree, struct text key,
                             bool *fallback)
{
    struct text name;
    *fallback = false;
    switch (image->naming) {
    case NAMED_BY_PREFIX:
        return text_starts(key, image->prefix) ? find_flat(tree, text_from(key, image->prefix.size)) : NULL;
    case NAMED_AS_METADATA:
        name = metadata_name(image, key, fallback);
        return name.size ? path_tree_child(tree, name) : NULL;
    case NAMED_BY_CLOUD:
        return find_attribute(tree, key);
    case NAMED_PLAINLY:
        break;
    }
    return path_tree_child(tree, key);
}

/* A member's name within the image; no data where it is no member of it. */
static struct text name_in(const struct image *image, struct text key)
{
    struct text none = {NULL, 0};
    bool fallback;
    switch (image->naming) {
    case NAMED_BY_PREFIX:
        return text_starts(key, image->prefix) ? text_from(key, image->prefix.size) : none;
    case NAMED_AS_METADATA:
        return metadata_name(image, key, &fallback);
    case NAMED_BY_CLOUD:
        return none;
    case NAMED_PLAINLY:
        break;
    }
    return image_is_metadata(image, key) ? none : key;
}

const struct json_node *image_next(const struct image *image, const struct json_node *member,
                                   struct arena *arena, struct text *name)
{
    if (!image->node)
        return NULL;
    member = member ? json_after(image->doc, image->node, member) : json_first(image->doc, image->node);
    for (; member; member = json_after(image->doc, image->node, member)) {
        *name = name_in(image, json_key(image->doc, member, arena));
        if (name->data)
            break;
    }
    return member;
}

const struct json_node *image_member(const struct image *image, struct text name, struct arena *arena)
{
    const struct json_node *found = NULL;
    bool found_fallback = false;
    if (!image->node)
        return NULL;
    for (const struct json_node *member = json_first(image->doc, image->node); member;
         member = json_after(image->doc, image->node, member)) {
        struct text key = json_key(image->doc, member, arena);
        bool fallback = false, is_it;
        if (image->naming == NAMED_AS_METADATA)
            is_it = text_equal(metadata_name(image, key, &fallback), name) && name.size;
        else if (image->naming == NAMED_BY_CLOUD)
            is_it = text_starts(key, TEXT("iodebezium")) && is_attribute(key, name);
        else if (image->naming == NAMED_BY_PREFIX)
            is_it = text_starts(key, image->prefix) && text_equal(text_from(key, image->prefix.size), name);
        else
            is_it = text_equal(key, name);
        if (!is_it || (found && (fallback || !found_fallback)))
            continue;
        found = member;
        found_fallback = fallback;
        if (!fallback)
            break;
    }
    return found;
}

/* ---- Schemas ------------------------------------------------------------------------------------------------------------- */

const struct json_node *schema_field(const struct json_doc *doc, const struct json_node *schema,
                                     struct text name, struct arena *arena)
{
    const struct json_node *fields = json_member(doc, schema, TEXT("fields"), arena);
    if (!fields || fields->kind != JSON_ARRAY)
        return NULL;
    for (const struct json_node *field = json_first(doc, fields); field;
         field = json_after(doc, fields, field)) {
        const struct json_node *field_name = json_member(doc, field, TEXT("field"), arena);
        if (field_name && text_equal(json_text(doc, field_name, arena), name))
            return field;
    }
    return NULL;
}

static struct text joined(struct arena *arena, struct text a, const char *between, struct text b)
{
    size_t middle = strlen(between), size = a.size + middle + b.size;
    char *data = arena_alloc(arena, size);
    if (!data)
        return (struct text){NULL, 0};
    if (a.size)
        memcpy(data, a.data, a.size);
    if (middle)
        memcpy(data + a.size, between, middle);
    if (b.size)
        memcpy(data + a.size + middle, b.data, b.size);
    return (struct text){data, size};
}

const struct json_node *view_schema(const struct view *view, const struct image *image, struct text name,
                                    struct arena *arena)
{
    const struct json_doc *doc = view->schema.doc;
    const struct json_node *schema = view->schema.node, *field;
    if (!schema || !image->node)
        return NULL;
    if (image->field.size)
        schema = schema_field(doc, schema, image->field, arena);
    switch (image->naming) {
    case NAMED_BY_PREFIX:
        return schema_field(doc, schema, joined(arena, image->prefix, "", name), arena);
    case NAMED_AS_METADATA:
        field = schema_field(doc, schema, joined(arena, image->prefix, "source_", name), arena);
        return field ? field : schema_field(doc, schema, joined(arena, image->prefix, "", name), arena);
    case NAMED_BY_CLOUD:
        return NULL;
    case NAMED_PLAINLY:
        break;
    }
    return schema_field(doc, schema, name, arena);
}
