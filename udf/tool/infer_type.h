/* The type of a column, by what the messages' schema says of a member or, if there is none, by its values: one that holds every
 * later value exactly or refuses it. */
#ifndef INFER_TYPE_H
#define INFER_TYPE_H

#include "tool/infer_sample.h"

#define TYPE_SIZE 64
#define NOTE_SIZE 640

struct column_type {
    char type[TYPE_SIZE]; /* with Nullable */
    const char *unit;     /* or NULL */
    bool base64, nan;
    char note[NOTE_SIZE]; /* what was counted, and what a person may know better */
};

/* `key`: the column is never NULL. `document`: the member is of a document in a row, whose later values may be of any type: it is kept
 * as text. */
void column_type_choose(const struct table_sample *table, const struct member *member, bool key,
                        bool document, struct column_type *column);

/* What the messages' connector calls itself (postgresql), as people write it (PostgreSQL); `the database` where it says nothing. */
const char *database_name(const struct table_sample *table);

/* Whether a name says that its number is a moment: created_at, updatedAt, event_ts, timestamp. */
bool is_moment_name(struct text name);

__attribute__((format(printf, 2, 3))) void note_add(struct column_type *column, const char *format, ...);

#endif
