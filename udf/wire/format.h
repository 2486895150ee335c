/* The formats in which ClickHouse sends arguments and takes results, and the loop from the
 * one to the other. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdint.h>

#include "function/function.h"
#include "host/stream.h"

enum format { FORMAT_LINE, FORMAT_ROW_BINARY, FORMAT_NATIVE };

#define FORMAT_NAMES "LineAsString, RowBinary or Native"

/* Finds a format by its name in ClickHouse; false where there is none. */
bool format_find(const char *name, enum format *format);
const char *format_name(enum format format);

/* Answers every row that the channel gives until its end. An argument of more than `most` bytes (at most
 * JSON_MOST) is not taken into memory: see function_refuse. False where that ended early: `problem` (room for
 * FORMAT_PROBLEM) says why, or is empty where the channel failed, which tells that itself. */
#define FORMAT_PROBLEM 160
bool format_run(enum format format, struct function *function, const struct channel *channel, uint64_t most,
                char *problem);

#endif
