/* 64 bytes at a time, as masks of 64 bits, the first byte lowest: which bytes an escape makes others. */
#ifndef BLOCK_H
#define BLOCK_H

#include "base/simd_operations.h"

/* Of a block that holds backslashes there, those that begin an escape: the first of a run, the third and so on. *carried, 0
 * before the first block, says whether the block's first byte is escaped by the last of the one before.
 *
 * One subtraction does it for all runs at once. The lowest bit stands left, as the bytes do:
 *
 *     text               a \ n b \ \ c \ \ \ " d
 *     runs               . 1 . . 1 1 . 1 1 1 . .
 *     odd                . 1 . 1 . 1 . 1 . 1 . 1
 *     runs << 1          . . 1 . . 1 1 . 1 1 1 .
 *     ... | odd          . 1 1 1 . 1 1 1 1 1 1 1
 *     ... - runs         . . 1 1 1 1 . . . . 1 1
 *     ... ^ odd          . 1 1 . 1 . . 1 . 1 1 .
 *     ... & backslashes  . 1 . . 1 . . 1 . 1 . .
 *
 * A run that begins where `odd` has a bit becomes all zeros, any other one all ones; against `odd` every other bit of it remains,
 * beginning with its first. The bit behind a run remains where its length is odd: that byte is escaped. */
static inline uint64_t block_escapes(uint64_t backslashes, uint64_t *carried)
{
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    uint64_t runs = backslashes & ~*carried;
    uint64_t codes = (((runs << 1) | odd) - runs) ^ odd;
    uint64_t escapes = codes & backslashes;
    *carried = escapes >> 63;
    return escapes;
}

#endif
