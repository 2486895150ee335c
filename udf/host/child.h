/* Another program that is run and asked, as a server runs it: between pipes, and never for longer than it may take. */
#ifndef CHILD_H
#define CHILD_H

#include "base/text.h"
#include "host/files.h"

#define CHILD_ANSWER 65536 /* bytes of an answer that are kept */
#define CHILD_ERROR 512

struct host_child {
    const char *path;
    char *const *words;           /* its arguments, the name first, NULL after the last */
    const struct host_user *user; /* whom it runs as where root runs this; NULL: the owner of its file */
    struct text input;            /* at most a pipe's 4096 bytes */
    size_t expected;  /* bytes of the answer, after which the input ends: a server waits for no more */
    int milliseconds; /* that it may take; then it is killed */

    /* What came of it. */
    char answer[CHILD_ANSWER];
    size_t answer_size;
    char error[CHILD_ERROR]; /* the first line on standard error */
    int problem;             /* errno where it could not be started; else 0 */
    bool late;               /* it was killed: its time was over, or its answer longer than CHILD_ANSWER */
    int exit_status;         /* -1: a signal ended it */
    int signal;
};

/* Runs it. False if it did not run to an end of its own with status 0. */
bool host_run_child(struct host_child *child);

/* Milliseconds of a clock that only goes on. */
long long host_clock(void);

#endif
