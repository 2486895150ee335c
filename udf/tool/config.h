/* The XML by which ClickHouse registers the functions.
 *
 * Source of its keys: ClickHouse's src/Functions/UserDefined/ExternalUserDefinedExecutableFunctionsLoader.cpp
 * and https://clickhouse.com/docs/en/sql-reference/functions/udf */
#ifndef CONFIG_H
#define CONFIG_H

#include "wire/format.h"

#define CONFIG_POOL_SIZE 16 /* unless it is told otherwise */

struct config {
    struct layout **layouts; /* a decode function each; `count` of them */
    char **names;            /* their files as they were given; the command names the last part */
    size_t count;
    const struct format *format; /* of every function; NULL: Native for rows, RowBinary for the others */
    unsigned pool_size;
    uint64_t max_message;       /* 0: the program's default */
    uint64_t max_memory;        /* 0: no limit */
    struct query_options query; /* of the functions that take them */
};

#define CONFIG_PROBLEM 512

/* False if the XML cannot be written, with one line in `problem`. */
bool config_valid(const struct config *config, char *problem);

/* Writes the XML of a valid config. False if memory is refused or the output has failed. */
bool config_write(const struct config *config, struct output *out);

/* The part of a path behind its last slash. */
const char *config_base_name(const char *path);

#endif
