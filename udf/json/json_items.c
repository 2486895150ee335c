#include "json/json_items.h"

#include "json/json_check.h"

/* Skips white space, commas and colons: where they stand was checked before. */
static const char *skip_between(const char *at, const char *end)
{
    while (at < end && (json_is_space(*at) || *at == ',' || *at == ':'))
        at++;
    return at;
}

/* The text of the string whose opening quote is at `at`; *end is set behind its closing one. */
static struct text take_string(const char **at, const char *end, bool *escaped)
{
    const char *const start = *at + 1, *stop = start;
    *escaped = false;
    while (stop < end && *stop != '"') {
        *escaped |= *stop == '\\';
        stop += *stop == '\\' && end - stop > 1 ? 2 : 1;
    }
    *at = stop < end ? stop + 1 : end;
    return (struct text){start, (size_t)(stop - start)};
}

/* Where the container that begins at `at` ends. */
static const char *container_end(const char *at, const char *end)
{
    size_t depth = 0;
    bool escaped;
    while (at < end) {
        if (*at == '"') {
            take_string(&at, end, &escaped);
            continue;
        }
        if (*at == '[' || *at == '{')
            depth++;
        else if ((*at == ']' || *at == '}') && --depth == 0)
            return at + 1;
        at++;
    }
    return end;
}

static const char *scalar_end(const char *at, const char *end)
{
    while (at < end && !json_is_space(*at) && *at != ',' && *at != ']' && *at != '}')
        at++;
    return at;
}

static enum json_kind kind_of(char first)
{
    switch (first) {
    case '[':
        return JSON_ARRAY;
    case '{':
        return JSON_OBJECT;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

bool json_items_open(struct json_items *items, struct text container)
{
    const char first = container.size >= 2 ? container.data[0] : '\0';
    if ((first != '[' && first != '{') || container.data[container.size - 1] != (first == '[' ? ']' : '}'))
        return false;
    *items = (struct json_items){container.data + 1, container.data + container.size - 1,
                                 container.data[0] == '{'};
    return true;
}

bool json_items_next(struct json_items *items, struct json_item *item)
{
    *item = (struct json_item){.key = {NULL, 0}};
    const char *at = skip_between(items->at, items->end);
    if (items->is_object && at < items->end) {
        item->key = take_string(&at, items->end, &item->key_escaped);
        at = skip_between(at, items->end);
    }
    items->at = at;
    if (at >= items->end)
        return false;
    item->kind = kind_of(*at);
    if (item->kind == JSON_STRING) {
        item->raw = take_string(&at, items->end, &item->escaped);
    } else {
        const bool is_container = item->kind >= JSON_ARRAY;
        const char *const stop = is_container ? container_end(at, items->end) : scalar_end(at, items->end);
        item->raw = (struct text){at, (size_t)(stop - at)};
        at = stop;
    }
    items->at = at;
    return true;
}
