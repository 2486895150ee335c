/* Random layouts over a world, in parts that can be left out while a difference is reduced. */
#ifndef LAYOUTS_H
#define LAYOUTS_H

#include "stream.h"

#define COLUMNS_LIMIT 8
#define PATHS_LIMIT 3
#define KEYS_LIMIT 8
#define RULES_LIMIT 4

/* The texts are JSON. */
struct column_parts {
    struct buffer type;
    struct buffer paths[PATHS_LIMIT];
    unsigned path_count;
    struct buffer keys[KEYS_LIMIT]; /* "lenient":true */
    unsigned key_count;
};

struct layout_parts {
    struct column_parts columns[COLUMNS_LIMIT];
    unsigned column_count;
    struct buffer rules[RULES_LIMIT]; /* "after.tags":["gold"] */
    unsigned rule_count;
    struct buffer keys[KEYS_LIMIT]; /* of the layout */
    unsigned key_count;
};

void layout_make(struct layout_parts *parts, struct chance *chance, const struct world *world,
                 enum form form);

/* Changes what made a message no event, given the row's reason, so that the next like it may be one: another value that a rule accepts,
 * a column that is lenient. False where nothing can be changed. */
bool layout_yield(struct layout_parts *parts, struct chance *chance, struct text reason);

/* Puts the layout file. */
void put_layout(struct buffer *out, const struct layout_parts *parts);

void layout_parts_free(struct layout_parts *parts);

#endif
