/* What the filter adds to a system call: prints the nanoseconds of a write of no bytes, before and behind the filter, each the least
 * of many batches. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host/sandbox.h"

enum { BATCHES = 200, CALLS = 1000 };

/* The clock is read without a system call. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double nanoseconds_of_a_call(void)
{
    double least = 1e18;
    for (int batch = 0; batch < BATCHES; batch++) {
        const double start = now();
        for (int call = 0; call < CALLS; call++)
            if (write(STDOUT_FILENO, "", 0) != 0)
                return -1;
        const double each = (now() - start) / CALLS;
        if (each < least)
            least = each;
    }
    return least;
}

int main(void)
{
    const double before = nanoseconds_of_a_call();
    const char *problem = sandbox_enter();
    const double behind = nanoseconds_of_a_call();
    printf("%.1f %.1f\n", before, behind);
    return problem != NULL || before < 0 || behind < 0;
}
