/* A preloaded malloc that refuses: the allocation number FAIL_AT, or with FAIL_FROM set all from there on. Says at the end how many
 * were asked for: `allocations N` on standard error. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long count;

static int refused(void)
{
    static long at = -1;
    static int from;
    if (at < 0) {
        const char *number = getenv("FAIL_AT");
        from = getenv("FAIL_FROM") != NULL;
        at = number ? strtol(number, NULL, 10) : 0;
    }
    count++;
    if (at == 0 || (from ? count < at : count != at))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
    return refused() ? NULL : __libc_calloc(members, size);
}

void *realloc(void *old, size_t size)
{
    return refused() ? NULL : __libc_realloc(old, size);
}

__attribute__((destructor)) static void tell(void)
{
    char line[64];
    int size = snprintf(line, sizeof line, "allocations %ld\n", count);
    if (getenv("FAIL_COUNT") && write(STDERR_FILENO, line, (size_t)size) < 0)
        _exit(99);
}
