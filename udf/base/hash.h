/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#ifndef HASH_H
#define HASH_H

#include <stdint.h>

#include "base/text.h"

/* The hash of no bytes. */
#define HASH_EMPTY UINT64_C(0xcbf29ce484222325)

/* The hash of what `hash` stands for with the text after it. */
static inline uint64_t hash_add(uint64_t hash, struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static inline uint64_t hash_of(struct text text)
{
    return hash_add(HASH_EMPTY, text);
}

#endif
