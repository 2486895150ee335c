/* A layout proposed from sample messages: `debezium-udf infer < messages`.
 *
 * infer.c reads the messages; infer_sample.c and infer_member.c count what the members of their rows held (infer_value.c the values,
 * infer_schema.c what the messages' schema says); infer_type.c chooses types, infer_propose.c names and the rest; infer_write.c writes the layout,
 * infer_report.c what a person must know, infer_compare.c the difference to a layout that is there. */
#ifndef INFER_H
#define INFER_H

#include "host/stream.h"
#include "layout/layout.h"

struct infer_options {
    const char *function; /* name of the SQL function; NULL: after the table */
    const char **key;     /* names of the `key_count` columns that identify a row */
    size_t key_count;
    const struct layout *against; /* compare with this one instead of writing a layout; or NULL */
    const char *against_file;     /* its file's name */
    uint64_t message_limit;       /* bytes; a longer message is passed over */
};

/* Reads messages, one a line, until the end and writes a layout; says on standard error what a person must know. False if that
 * failed: `problem` (room for INFER_PROBLEM) says why, or is empty where the channel told it. */
#define INFER_PROBLEM 1024
bool infer_run(const struct infer_options *options, const struct channel *channel, char *problem);

#endif
