/* The loop of a running function: arguments in, answers out. */
#ifndef SERVE_H
#define SERVE_H

#include "wire/format.h"

/* Answers every row that the channel gives until its end. An argument of more than `limit` bytes (at most JSON_MOST) is not taken
 * into memory: see function_refuse. False if that ended early: `problem` (FORMAT_PROBLEM bytes) says why, or is empty where the
 * channel failed, which tells that itself. */
bool serve(struct function *function, const struct format *format, const struct channel *channel,
           uint64_t limit, char *problem);

#endif
