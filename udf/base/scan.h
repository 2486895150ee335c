/* Questions about the next bytes, answered 16 at a time: how far a text goes on without a backslash, how far digits go on, whether
 * two texts are equal. SSE2 (every x86-64), NEON (every aarch64), or plain C; up to 15 bytes behind `end` are read, which the
 * padding of a message allows, and never counted. */
#ifndef SCAN_H
#define SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SCAN_SCALAR)
#include <emmintrin.h>
#define SCAN_STEP 16

/* A bit for each byte, lowest first. */
static inline uint64_t scan_backslash_bits(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
}

static inline uint64_t scan_other_bits(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i digits =
        _mm_sub_epi8(bytes, _mm_set1_epi8('0' - 128)); /* 0-9 become the 10 lowest signed values */
    return (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(digits, _mm_set1_epi8(-119)));
}

static inline uint64_t scan_different_bits(const char *a, const char *b)
{
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a),
                                   _mm_loadu_si128((const __m128i *)(const void *)b));
    return (unsigned)_mm_movemask_epi8(equal) ^ 0xFFFF;
}

static inline size_t scan_lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits);
}

#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(SCAN_SCALAR)
#include <arm_neon.h>
#define SCAN_STEP 16

/* Four bits for each byte, lowest first. */
static inline uint64_t scan_narrow(uint8x16_t found)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(found), 4)), 0);
}

static inline uint64_t scan_backslash_bits(const char *at)
{
    return scan_narrow(vceqq_u8(vld1q_u8((const uint8_t *)at), vdupq_n_u8('\\')));
}

static inline uint64_t scan_other_bits(const char *at)
{
    uint8x16_t digits = vsubq_u8(vld1q_u8((const uint8_t *)at), vdupq_n_u8('0'));
    return scan_narrow(vcgtq_u8(digits, vdupq_n_u8(9)));
}

static inline uint64_t scan_different_bits(const char *a, const char *b)
{
    return ~scan_narrow(vceqq_u8(vld1q_u8((const uint8_t *)a), vld1q_u8((const uint8_t *)b)));
}

static inline size_t scan_lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / 4;
}

#else
#define SCAN_STEP 1

static inline uint64_t scan_backslash_bits(const char *at)
{
    return *at == '\\';
}

static inline uint64_t scan_other_bits(const char *at)
{
    return *at < '0' || *at > '9';
}

static inline uint64_t scan_different_bits(const char *a, const char *b)
{
    return *a != *b;
}

static inline size_t scan_lowest(uint64_t bits)
{
    (void)bits;
    return 0;
}
#endif

/* The first backslash; `end` where there is none. */
static inline const char *scan_backslash(const char *at, const char *end)
{
    while (at < end) {
        uint64_t bits = scan_backslash_bits(at);
        if (bits) {
            at += scan_lowest(bits);
            break;
        }
        at += SCAN_STEP;
    }
    return at < end ? at : end;
}

/* The first byte that is no digit; `end` where there is none. */
static inline const char *scan_other(const char *at, const char *end)
{
    while (at < end) {
        uint64_t bits = scan_other_bits(at);
        if (bits) {
            at += scan_lowest(bits);
            break;
        }
        at += SCAN_STEP;
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
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return count == 0 ? 0 : UINT64_MAX >> (64 - 8 * count);
#else
    return count == 0 ? 0 : UINT64_MAX << (64 - 8 * count);
#endif
}

/* Whether two texts of this size are equal; up to 15 bytes behind both are read. */
static inline int scan_equal(const char *a, const char *b, size_t size)
{
    for (; size > SCAN_STEP; a += SCAN_STEP, b += SCAN_STEP, size -= SCAN_STEP)
        if (scan_different_bits(a, b))
            return 0;
    uint64_t different = scan_different_bits(a, b);
    return size == 0 || !different || scan_lowest(different) >= size;
}

#endif
