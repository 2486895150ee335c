/* 64 bytes at a time, as masks of 64 bits, the first byte lowest: where one byte stands, and which bytes an escape makes others.
 * SSE2 (every x86-64), NEON (every aarch64), or plain C. A block is read whole, as the padding of a message allows. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_SIZE 64

#if defined(__SSE2__) && !defined(SCAN_SCALAR)
#include <emmintrin.h>

static inline uint64_t block_quarter(const char *at, char c)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static inline uint64_t block_equal(const char *at, char c)
{
    return block_quarter(at, c) | block_quarter(at + 16, c) << 16 | block_quarter(at + 32, c) << 32 |
           block_quarter(at + 48, c) << 48;
}

#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(SCAN_SCALAR)
#include <arm_neon.h>

/* Each byte found becomes its bit of eight; three sums of neighbours bring the eight together. */
static inline uint64_t block_equal(const char *at, char c)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
    const uint8_t *bytes = (const uint8_t *)at;
    const uint8x16_t wanted = vdupq_n_u8((uint8_t)c);
    uint8x16_t a = vandq_u8(vceqq_u8(vld1q_u8(bytes), wanted), bit);
    uint8x16_t b = vandq_u8(vceqq_u8(vld1q_u8(bytes + 16), wanted), bit);
    uint8x16_t d = vandq_u8(vceqq_u8(vld1q_u8(bytes + 32), wanted), bit);
    uint8x16_t e = vandq_u8(vceqq_u8(vld1q_u8(bytes + 48), wanted), bit);
    uint8x16_t sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(d, e));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

#else

static inline uint64_t block_equal(const char *at, char c)
{
    uint64_t bits = 0;
    for (int i = 0; i < BLOCK_SIZE; i++)
        bits |= (uint64_t)(at[i] == c) << i;
    return bits;
}
#endif

/* Of a block that holds backslashes there, those that begin an escape: the first of a run, the third and so on. *carried, 0
 * before the first block, says whether the block's first byte is escaped by the last of the one before. */
static inline uint64_t block_escapes(uint64_t backslashes, uint64_t *carried)
{
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    uint64_t runs = backslashes & ~*carried;
    /* Adding to a run's first bit moves a bit behind the run's end: whether that is at an odd or even place tells the run's
     * length, and so which of its bytes begin an escape. */
    uint64_t codes = (((runs << 1) | odd) - runs) ^ odd;
    uint64_t escapes = codes & backslashes;
    *carried = escapes >> 63;
    return escapes;
}

#endif
