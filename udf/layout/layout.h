/* The layout file: which messages are wanted, and the columns of a row. The README describes its keys. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "value/convert.h"

/* One part of a path: a member's name, or an element's index. */
struct step {
    struct text name;
    uint32_t index; /* where name.data is NULL */
};

struct path {
    struct text text;   /* as written, also for reasons: after.payload.user_id */
    struct step *steps; /* `count` of them */
    size_t count;
    bool row; /* begins with after. and so means the row image, whatever shape the message has; `after` is steps[0] */
};

struct accept {
    struct path path;
    struct text *values; /* `count` of them */
    size_t count;
};

struct column {
    struct text name;
    struct conversion as;
    struct path *paths; /* the first that is present wins */
    size_t path_count;  /* at least 1 */
    bool required;
    struct accept required_op; /* the operations for which it is required; count 0: all */
    bool lenient;
    bool has_unavailable;
    struct value absent;      /* the value of an absent column: the layout's default, or the type's */
    struct value unavailable; /* where Debezium left the value out; without it that is an error */
};

struct layout {
    struct arena arena;    /* owns everything below */
    struct text function;  /* name of the SQL function */
    struct accept op;      /* count 0 and no path where the layout accepts every operation */
    struct accept *accept; /* the other rules, in order */
    size_t accept_count;
    struct column *columns;
    size_t column_count;
    struct text json_column; /* the row image's member that the longer paths lead through; empty where there is none */
    uint64_t fingerprint;    /* of the file's bytes */
};

/* Parses a path: names joined by dots, each with any number of [index] behind it. False where it is none (empty name, bad
 * index, over 64 steps). The steps come from the arena, the names are borrowed from text. */
bool path_parse(struct arena *arena, struct text text, struct path *path);

/* Reads a layout. NULL where it is refused, with one line in `problem` (room for LAYOUT_PROBLEM) that names the file, the line or
 * the column, and the reason. `file` is the name to use in that line. */
#define LAYOUT_PROBLEM 512
struct layout *layout_parse(const char *file, struct text json, char *problem);

void layout_free(struct layout *layout);

#endif
