/* What a message's own schema says of a value: the unit of a time, the scale of a decimal. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "debezium/view.h"

/* Whether a column takes anything from a schema. */
bool schema_matters(const struct column *column);

/* Sets what the schema that came with the message says of the value that `path` leads to: as->unit, as->scale, as->base64 (a decimal may
 * come as a number or a text), of a float as->exact; as->foreign where it is another kind of value than the layout has. Not for router
 * values, whose schema speaks of other things. */
void schema_refine(const struct view *view, const struct path *path, struct arena *arena,
                   struct conversion *as);

/* What the schema calls the value: its name, else its type; empty where the message has none. From the arena or the message. */
struct text schema_name(const struct view *view, const struct path *path, struct arena *arena);

#define SCHEMA_KEPT ((size_t)64 << 10) /* bytes: a larger schema is read again for every message */

/* What the last message's schema says of each column: the messages of one topic carry the same one, over and over. */
struct schema_memo {
    char *text; /* of the schema, `size` bytes, where those are not over SCHEMA_KEPT */
    size_t size, columns;
    struct schema_space { /* how the members of an image are named in it, by which its fields are found */
        enum naming naming;
        const char *field, *prefix;
    } spaces[SPACES];
    struct schema_answer {
        const struct path *path; /* the column's path that was looked for; NULL: none yet */
        struct conversion as;
    } * answers; /* of each column */
};

/* False if memory is refused. The memory comes from the arena. */
bool schema_memo_open(struct schema_memo *memo, struct arena *arena, size_t columns);

/* To be called for each message with a schema: forgets the answers where this one is another. */
void schema_recall(struct schema_memo *memo, const struct view *view);

/* The conversion of a column that schema_matters, refined for the value that `path`, one of its own, leads to. Valid until the
 * next call. */
const struct conversion *schema_conversion(struct schema_memo *memo, size_t index, const struct view *view,
                                           const struct path *path, const struct column *column,
                                           struct arena *arena);

#endif
