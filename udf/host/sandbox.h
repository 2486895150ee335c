/* What the process gives up before it reads the first byte that somebody else wrote. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* Limits the address space to `bytes`; 0 leaves it as it is. False, with errno set, where the system refuses. */
bool sandbox_limit_memory(uint64_t bytes);

/* From now on the process may read standard input, write to standard output and standard error, wait for them, take and give
 * back memory, and exit; every other system call fails with EPERM. No new privileges, no core dumps, no new descriptors. Answers
 * NULL, or why there is no filter; the rest holds all the same. */
const char *sandbox_enter(void);

/* Whether sandbox_enter would answer NULL here, tried in a process of its own: NULL, or why not. */
const char *sandbox_try(void);

#endif
