/* What a sample of messages holds: its tables, and of each the members of the row image with what their values have in common.
 *
 * Memory is bounded by SAMPLE_MEMBERS and SAMPLE_TABLES, however many messages there are. */
#ifndef INFER_SAMPLE_H
#define INFER_SAMPLE_H

#include "debezium/view.h"
#include "tool/infer_schema.h"
#include "tool/infer_value.h"

#define SAMPLE_TABLES 16    /* tables that are told apart; the messages of others are counted */
#define SAMPLE_MEMBERS 4096 /* members in all */
#define SAMPLE_CHILDREN 128 /* members of one document: with more, its keys are data */
#define SAMPLE_COLUMNS 1000 /* members of a row image */
#define SAMPLE_DEPTH 6      /* members within each other, from the row image's own */
#define SAMPLE_NAME 128     /* bytes of a member's name, or another name of the messages */
#define NAME_PADDING 8      /* readable bytes after a name that is kept */
#define SAMPLE_REASONS 8    /* reasons of messages that are no rows */
#define SAMPLE_UNTAKEN 16   /* names of members that were not taken in */

/* A member of the row image, or of a JSON document in it: an object, or a string that holds one. */
struct member {
    struct text name;
    struct member *parent, *first, *next; /* children in the order in which they were first seen */
    unsigned depth;                       /* 1: of the row image */
    unsigned children;
    bool full; /* has members that were not taken in */

    /* Rows after a change (op c, r, u) in which it was a value, NULL, left out by Debezium. */
    uint64_t present, nulls, left_out;
    /* Rows before a delete in which it was a value; those in which it was what Debezium writes in place of one that is not there. */
    uint64_t in_deletes, empty_in_deletes;
    bool empty_text_in_deletes;
    uint64_t changed;         /* updates that bring another value in the row before */
    struct value_facts facts; /* of the values of both */

    struct connect_schema schema;
    bool schema_changed; /* within the sample */
    uint64_t
        outside; /* values that are no times of the type that the schema's name stands for: of other centuries, infinite */

    const struct column *read; /* the column of the layout to compare with that reads it; or NULL */
    uint64_t misfits;          /* values that do not fit that column */
};

enum source_field {
    SOURCE_LSN,
    SOURCE_SCN,
    SOURCE_POS,
    SOURCE_FILE,
    SOURCE_GTID,
    SOURCE_COMMIT_LSN,
    SOURCE_CHANGE_LSN,
    SOURCE_FIELDS
};

struct table_sample {
    struct text database, schema, name; /* as the source fields say; empty where they do not */
    struct text connector;              /* such as postgresql, likewise */
    struct text
        schema_name;     /* the last part of the name of the messages' own schema; empty if there is none */
    bool collection;     /* the name is the source field collection's (MongoDB) */
    bool bare;           /* rows without anything that says so: "message": "row" */
    bool in_strings;     /* row images that came as strings */
    bool changefeed;     /* of CockroachDB */
    bool router;         /* the messages are documents of the JSON column, and no rows */
    bool deletes_marked; /* unwrapped rows say whether they are deleted */
    bool before_seen;    /* an update brought the row before */
    uint64_t messages, rows, deletes, without_row, deletes_without_row;
    uint64_t operations[6], other_operations; /* by OPERATIONS */
    uint64_t source_fields
        [SOURCE_FIELDS];   /* messages of rows and deletes in which the field is neither absent nor null */
    const char *time_path; /* where the first of them has a time in nanoseconds: ts_ns, __ts_ns; or NULL */
    uint64_t times;        /* those that have it there */
    uint64_t last_schema;  /* hash of the schema that was read last; 0: none */
    uint64_t schemas;      /* messages with a schema */
    struct member root;
    struct text untaken[SAMPLE_UNTAKEN]; /* paths of members that were not taken in: the first ones */
    uint64_t untaken_count;
};
#define OPERATIONS "crudtm"

/* Messages that are no rows, by what is said of them. */
struct reason_count {
    struct text reason;
    uint64_t count, first; /* number of the first such message, from 1 */
    bool skipped;          /* it is no fault: a heartbeat, a tombstone */
};

struct sample {
    struct arena own;             /* tables, members, names */
    const struct layout *against; /* a layout whose columns the values are tried with; or NULL */
    struct table_sample *tables[SAMPLE_TABLES];
    unsigned table_count;
    uint64_t messages, of_other_tables; /* of more tables than SAMPLE_TABLES */
    struct reason_count reasons[SAMPLE_REASONS];
    unsigned reason_count;
    uint64_t other_reasons;
    size_t members;
};

/* Takes a message's row in. `bare`: it is taken for one though nothing says so. */
void sample_add_row(struct sample *sample, const struct view *view, const struct path_walk *walk, bool bare);

/* Counts a message that is not a row. The reason is copied. */
void sample_add_reason(struct sample *sample, struct text reason, bool skipped);

/* The table of which there are most messages among those that are bare or are not; NULL if there is none. */
const struct table_sample *sample_most(const struct sample *sample, bool bare);

/* A text kept in the sample's memory. */
struct text sample_keep(struct sample *sample, struct text text);

/* A member's path as a layout writes it: after.payload.user_id, after["a.b"]. Empty where none leads there: a name is empty. */
struct text member_path(struct arena *arena, const struct member *member);

/* Whether the member is a document that may be read member by member: as a rule an object, or a string that holds one. */
bool member_is_document(const struct member *member);

#endif
