/* All paths of a layout in trees, one for each space, and where they lead in a message: what decoding and the fast path know
 * of a layout. */
#ifndef FINDER_H
#define FINDER_H

#include "debezium/schema.h"

struct finder {
    const struct layout *layout; /* borrowed */
    struct arena arena;          /* owns what is below */
    struct path_tree tree[SPACES];
    struct path_tree op, ts_ms;   /* what is one value: the operation, the envelope's time */
    struct path_tree none;        /* paths that lead to no value of the message: unmapped, left_out */
    struct path_tree *document;   /* paths below the JSON column, or NULL */
    struct path_tree ***ends;     /* for each column, for each of its paths, the node at its end */
    struct path_tree **rule_ends; /* for each accept rule */
    struct view_options options;
    bool lists_unmapped; /* some column takes the names of unmapped members */
    unsigned depth;      /* containers deep that documents must be parsed into nodes for these paths */
};

/* False if memory is refused; close it all the same. */
bool finder_open(struct finder *finder, const struct layout *layout);
void finder_close(struct finder *finder);

/* Notes where the paths lead in a message, but for those that lead on from a member of the row image: documents are read one by one
 * (finder_read_document), since each may refuse the row. */
void finder_find(struct finder *finder, const struct path_walk *walk, const struct view *view);

/* The names of members that no column takes and the layout does not ignore, in message order, each once: `discount`,
 * `payload.discount`. */
struct unmapped {
    struct text *names; /* from the message's arena */
    size_t count, capacity;
};

/* Adds those of a message whose documents were read. False if memory is refused. */
bool finder_list_unmapped(const struct finder *finder, const struct path_walk *walk, const struct view *view,
                          struct unmapped *unmapped);

/* Adds a name unless it is there. The name's text is borrowed. */
bool unmapped_add(struct unmapped *unmapped, struct arena *arena, struct text name);

/* The names as a value of Array(String). Empty if memory is refused (then arena->failed). */
struct value value_of_texts(struct arena *arena, const struct text *texts, size_t count);

/* The name of a member in the object of this name (empty: the row image): joined by a dot. */
struct text unmapped_name(struct arena *arena, struct text around, struct text name);

/* Whether the layout ignores this member of an object that is read member by member. */
bool is_ignored(const struct path_tree *tree, struct text key);

#endif
