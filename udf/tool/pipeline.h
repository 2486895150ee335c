/* `debezium-udf pipeline`: the SQL of a guarded pipeline for a layout. The statements are the files of sql/pipeline, which the program
 * carries; this fills in their words. It opens no connection: what must hold on the server, the SQL itself checks first.
 *
 * Source of the Kafka table's settings: https://clickhouse.com/docs/en/engines/table-engines/integrations/kafka */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "layout/layout.h"
#include "tool/template.h"

#define PIPELINE_PROBLEM 1024

/* The options as they were given; NULL: not given. All is borrowed. */
struct pipeline_options {
    const char *layout_file;
    const char *kind; /* rows, events or custom */
    const char *topic, *group, *collection;
    const char *database, *cluster, *name;
    const char *every;     /* how often the topic is read, as 'N UNIT' */
    const char *keep_raw;  /* days */
    const char *silence;   /* seconds without a message after which the source is taken for dead */
    const char *names;     /* WORD=NAME,…: tables that are called otherwise */
    const char *target;    /* a file of SQL in place of the target table and its view */
    const char *source;    /* the table function that reads the source's table, for operations that compare */
    const char *operation; /* one of sql/pipeline/operations, in place of the pipeline */
    const char *replicated, *no_deletes, *landing, *diff, *remove; /* not NULL: given */
    char **files; /* more SQL, run before the consumption starts: `file_count` of them */
    size_t file_count;
};

/* Writes the SQL into *out. Otherwise answers the exit status (call.h), with one line in `problem`. */
int pipeline_write(const struct pipeline_options *options, const struct layout *layout, struct buffer *out,
                   char *problem);

#endif
