/* Goes through an array or object by its text alone, whatever depth its document was parsed to.
 *
 *     struct json_items items;
 *     struct json_item item;
 *     if (json_items_open(&items, text))
 *         while (json_items_next(&items, &item)) ...
 */
#ifndef JSON_ITEMS_H
#define JSON_ITEMS_H

#include "json/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An element, or a member with its key. Texts are borrowed from the container's. */
struct json_item {
    struct text key; /* between its quotes, its escapes unread; data is NULL in an array */
    struct text raw; /* the value's bytes; a string's lie between its quotes, their escapes unread */
    enum json_kind kind;
    bool escaped; /* a string with a backslash in it */
    bool key_escaped;
};

struct json_items {
    const char *at, *end; /* what is left of the container */
    bool is_object;
};

/* False if the text does not begin and end like an array or object. The text is a container's as json_parse has accepted it, without
 * white space around it. */
bool json_items_open(struct json_items *items, struct text container);

/* False after the last item. */
bool json_items_next(struct json_items *items, struct json_item *item);

/* The text with its escapes read: borrowed where it has none, else from the arena (as json_unescape says). */
static inline struct text json_item_text(const struct json_item *item, struct arena *arena)
{
    return item->escaped ? json_unescape(arena, item->raw) : item->raw;
}

static inline struct text json_item_key(const struct json_item *item, struct arena *arena)
{
    return item->key_escaped ? json_unescape(arena, item->key) : item->key;
}

#ifdef __cplusplus
}
#endif

#endif
