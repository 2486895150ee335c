/* The bytes at which a JSON string may end or must be looked at: quotes, backslashes, control characters, and what is not ASCII.
 *
 * One pass over a message marks them all, so that behind it the next one is found without looking at the bytes between. The
 * pass is one algorithm (special_mark.h), compiled for each level of SIMD instructions over that level's operations
 * (special_levels.h); the best that the machine has is taken when the program runs. */
#ifndef SPECIAL_H
#define SPECIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words that the marks of a text of `size` bytes need. */
#define SPECIAL_WORDS(size) ((size) / 64 + 1)

/* Marks the special bytes: bit i % 64 of words[i / 64] stands for byte i. The bits from `size` on are set, so that a search always
 * ends. Up to 63 bytes behind the text are read; what they hold does not matter. */
typedef void special_mark(const char *text, size_t size, uint64_t *words);

struct special_level {
    const char *name;
    special_mark *mark;
};

/* The levels that this machine has, from plain C upwards; NULL for an index beyond the last. */
const struct special_level *special_level(size_t index);

/* The level in use. */
const struct special_level *special_in_use(void);

/* Takes the level of this name from now on; NULL or "": the best. False where the machine has none of that name. */
bool special_use(const char *name);

/* The first special byte from `at` on; the text's size where there is none. at <= size */
static inline size_t special_next(const uint64_t *words, size_t at)
{
    uint64_t word = words[at / 64] >> at % 64;
    if (word)
        return at + (size_t)__builtin_ctzll(word);
    do {
        at = (at | 63) + 1;
        word = words[at / 64];
    } while (!word);
    return at + (size_t)__builtin_ctzll(word);
}

#endif
