/* Memory for one message: handed out piece by piece, taken back all at once.
 *
 * What one message needed stays for the next, in one block, so that this one needs no allocation; what is over ARENA_KEEP goes back
 * to the system when ARENA_PATIENCE messages in a row did without it. Fresh pages cost more than reading a message does. */
#ifndef ARENA_H
#define ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARENA_KEEP ((size_t)1 << 20) /* bytes that are kept in any case */
#define ARENA_PATIENCE 8

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *next;                 /* free bytes of the newest block: [next, end) */
    char *end;
    size_t least;    /* bytes that the first block is to have, where they can be had */
    unsigned modest; /* resets in a row that found no more than ARENA_KEEP in use */
    bool failed;     /* an allocation was refused since the last reset */
};

/* An arena of all zeros is empty and ready. */

/* size bytes aligned to 16, not cleared; NULL (and arena->failed) if memory is refused. */
void *arena_alloc(struct arena *arena, size_t size);

/* Takes back the last piece down to `used` bytes; piece must be what arena_alloc answered last. */
void arena_shrink(struct arena *arena, void *piece, size_t used);

/* A copy with `padding` zeros after it; a text without data if memory is refused. */
struct text arena_copy(struct arena *arena, struct text text, size_t padding);

/* Text made by a printf format, with a zero after it. An empty text (and arena->failed) if memory is refused or printf could
 * not make it: it makes no more than 2 GiB. */
struct text arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct text arena_vprintf(struct arena *arena, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));

/* Everything that was handed out becomes invalid; failed becomes false. */
void arena_reset(struct arena *arena);

/* Gives all memory back to the system; the arena is then empty and ready again. */
void arena_free(struct arena *arena);

#ifdef __cplusplus
}
#endif

#endif
