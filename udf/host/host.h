/* The process: descriptors, signals, files, the error line. The only file that reads and writes. */
#ifndef HOST_H
#define HOST_H

#include "host/stream.h"

#define HOST_PIPE_SIZE (1 << 20) /* bytes that the pipes on standard input and output are asked to hold */

/* To be called first: closes what was inherited from descriptor 3 up, ignores SIGPIPE, lets all other signals
 * through. */
void host_start(void);

/* Asks the pipes on standard input and output, where they are pipes, to hold HOST_PIPE_SIZE; a refusal is
 * ignored. */
void host_enlarge_pipes(void);

/* Standard input and output. Reads and writes go on after a signal, after a short answer, and on descriptors
 * that do not block. A failure is told on standard error, once, and ends in READ_FAILED or false. */
extern const struct channel host_channel;

/* Writes one line to standard error: `debezium-udf: …`. */
void host_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a whole file into memory that the caller frees; *size bytes with STREAM_PADDING zeros behind them.
 * NULL with errno set where it cannot be read, is no regular file or has more than `most` bytes (EFBIG). */
char *host_read_file(const char *path, size_t most, size_t *size);

/* The folder of this program's file, without a slash at its end. NULL where the system does not say.
 * Static. */
const char *host_folder(void);

#endif
