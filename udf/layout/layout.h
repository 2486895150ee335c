/* The layout file: which messages are wanted, and the columns of a row. The README describes its keys. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "value/convert.h"

/* One part of a path: a member's name, or an element's index. */
struct step {
    struct text name;
    uint32_t index; /* where name.data is NULL */
};

/* What a path is counted from, by its first step. */
enum path_space {
    SPACE_MESSAGE,     /* any other path: as it stands in the message, from inside the wrapping */
    SPACE_SOURCE,      /* source.NAME: a source field, in every form */
    SPACE_ROW,         /* after.NAME: the row image, in every form */
    SPACE_BEFORE,      /* before.NAME: the row before */
    SPACES,            /* how many have members; what follows is one value each */
    SPACE_OP = SPACES, /* op: the operation, in every form */
    SPACE_TS_MS,       /* ts_ms: the envelope's time */
    SPACE_UNMAPPED,    /* unmapped, of type Array(String): members that no column takes */
    SPACE_LEFT_OUT,    /* left_out, of type Array(String): columns whose value Debezium left out */
};

struct path {
    struct text text;   /* as written, also for reasons: after.payload.user_id */
    struct step *steps; /* `count` of them; after, before and source are steps[0] */
    size_t count;
    size_t member_size; /* bytes of the text up to the end of steps[1]; all of it if there is none */
    enum path_space space;
};

/* The steps below what the path is counted from. */
static inline const struct step *path_steps(const struct path *path)
{
    return path->steps + (path->space != SPACE_MESSAGE);
}

static inline size_t path_step_count(const struct path *path)
{
    return path->space < SPACES ? path->count - (path->space != SPACE_MESSAGE) : 0;
}

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
    bool has_default; /* the layout gives one */
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
    struct text
        json_column; /* the row image's member that the longer paths lead through; empty if there is none */
    bool rows;       /* "message": "row" */
    bool exact;      /* "exact" of the layout: of every column that says nothing of its own */
    bool lists_left_out; /* a column takes the names of those that Debezium left out */
    bool accept_missing_is_error;
    struct text metadata_prefix; /* of op and source fields in unwrapped rows */
    struct path *
        base64_documents; /* `base64_count` paths after.NAME: the member's string is the base64 of its document */
    size_t base64_count;
    struct path *ignored; /* `ignored_count` members that are not unmapped: after.NAME, after.NAME.NAME, … */
    size_t ignored_count;
    struct column **key; /* the columns that identify a row: `key_count` of them */
    size_t key_count;
    uint64_t fingerprint; /* of the file's bytes */
};

#define PATH_STEPS_LIMIT 64 /* of a path */

/* Parses a path: names joined by dots, each with any number of [index] or ["name"] after it (a JSON string within brackets, for names
 * that hold dots, brackets or quotes). False if it is none (empty name, bad index, over PATH_STEPS_LIMIT steps). The steps come from the arena;
 * the names are borrowed from text or come from the arena, and up to 7 bytes after them are readable where text's are. */
bool path_parse(struct arena *arena, struct text text, struct path *path);

/* Reads a layout. NULL if it is refused, with one line in `problem` (room for LAYOUT_PROBLEM) that names the file, the line or
 * the column, and the reason. `file` is the name to use in that line. */
#define LAYOUT_PROBLEM 512
struct layout *layout_parse(const char *file, struct text json, char *problem);

void layout_free(struct layout *layout);

/* Whether the layout names this member of the row image as one whose string is the base64 of its document. */
bool layout_is_base64(const struct layout *layout, struct text member);

#endif
