/* From a table's sample to a layout: which columns there are, how they are called, what identifies a row and tells the latest. */
#ifndef INFER_PROPOSE_H
#define INFER_PROPOSE_H

#include "host/stream.h"
#include "tool/infer.h"
#include "tool/infer_type.h"

struct proposed_column {
    struct text name, path;      /* the path is not escaped for JSON */
    const struct member *member; /* NULL: metadata, such as op */
    bool key, required;
    struct column_type as;
};

enum key_source { KEY_NONE, KEY_GIVEN, KEY_GUESSED, KEY_IN_DELETES };

struct proposal {
    const struct sample *sample;
    const struct table_sample *table;
    struct arena arena;
    struct proposed_column *columns;
    size_t count, capacity;
    struct text function;
    struct text metadata_prefix; /* data NULL: the usual one */
    bool outbox;                 /* events of an outbox; else rows, of which the latest counts */
    const char *version;         /* the path of the column `version`; NULL: there is none */
    enum key_source key_source;
    struct text *unnamed; /* `unnamed_count` members that are no column, as text for people */
    size_t unnamed_count;
    char problem[INFER_PROBLEM]; /* why there is no proposal; empty where memory was refused */
};

/* False if there is none; proposal_free is to be called all the same. */
bool proposal_make(struct proposal *proposal, const struct sample *sample, const struct table_sample *table,
                   const struct infer_options *options);
void proposal_free(struct proposal *proposal);

/* Writes the layout. False if memory is refused or a write failed. */
bool proposal_write(const struct proposal *proposal, struct output *out);

/* Writes one column as a line of a layout, without a comma after it. */
void proposal_write_column(struct output *out, const struct proposed_column *column);

/* Says on standard error what is a guess, what is not proposed and why, and what the connector must be told. */
void proposal_report(const struct proposal *proposal);

/* Writes what the messages have that a layout has not, and what no longer fits, as lines to add and ALTER TABLE statements. */
bool proposal_compare(struct proposal *proposal, const struct layout *layout, const char *file,
                      struct output *out);

#endif
