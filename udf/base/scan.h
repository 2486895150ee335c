/* Questions about the next bytes: how far a text goes on without a backslash, how far digits go on. At the base level of SIMD
 * (simd_operations.h), since what is asked is short; up to BASE_STEP - 1 bytes after `end` are read, which the padding of a message
 * allows, and never counted. */
#ifndef SCAN_H
#define SCAN_H

#include "base/simd_operations.h"

/* The first backslash; `end` if there is none. */
static inline const char *scan_backslash(const char *at, const char *end)
{
    for (; at < end; at += BASE_STEP) {
        uint64_t found = BASE(equal)(at, '\\');
        if (found) {
            at += __builtin_ctzll(found);
            break;
        }
    }
    return at < end ? at : end;
}

/* The first byte that is not a digit; `end` if there is none. */
static inline const char *scan_other(const char *at, const char *end)
{
    for (; at < end; at += BASE_STEP) {
        uint64_t found = BASE(other)(at);
        if (found) {
            at += __builtin_ctzll(found);
            break;
        }
    }
    return at < end ? at : end;
}

static inline uint64_t scan_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* The word whose first bytes, so many of 8, are all ones, and whose others are zero. */
static inline uint64_t scan_first_bytes(size_t count)
{
    return count == 0 ? 0 : UINT64_MAX >> (64 - 8 * count);
}

#endif
