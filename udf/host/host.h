/* The process: descriptors, signals, the error line.
 *
 * host/ is the only room that makes system calls; all others ask it. What it answers: host.h and stream.h bytes in and out, files.h
 * files and folders, sandbox.h what the process gives up. Memory comes from the C library everywhere. */
#ifndef HOST_H
#define HOST_H

#include "host/stream.h"

/* Bytes that the pipes on standard input and output are asked to hold: fewer are more switches between processes, more leave the
 * caches. */
#define HOST_PIPE_SIZE (256 << 10)

/* To be called first: closes what was inherited from descriptor 3 up, ignores SIGPIPE, lets all other signals
 * through. */
void host_start(void);

/* Asks the pipes on standard input and output, where they are pipes, to hold HOST_PIPE_SIZE; a refusal is
 * ignored. */
void host_enlarge_pipes(void);

/* Standard input and output. Reads and writes go on after a signal, after a short answer, and on descriptors
 * that do not block. A failure is told on standard error, once, and ends in READ_FAILED or false. */
extern const struct channel host_channel;

/* For a call that is refused before the first row: ends standard output, then takes what comes on standard input, where that is a
 * pipe, until its writer pauses or ends, for three seconds at most. A server that finds its pipe broken tells that, and not the line on
 * standard error. */
void host_discard_input(void);

/* Writes one line to standard error: `debezium-udf: …`. */
void host_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
