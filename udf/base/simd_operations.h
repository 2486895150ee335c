/* What is done to a few bytes at once, at each level of SIMD instructions. The levels are those of simd.h, and every operation has
 * the name of its level behind its own: equal_scalar, equal_avx2. A level takes STEP bytes at a time:
 *
 *     scalar 8    ssse3 16    avx2 32    avx512 32    neon 16
 *
 * Each answers a number with a bit for each of the STEP bytes, the first byte's lowest. All STEP bytes are read, which the padding of a
 * message allows.
 *
 *     equal(at, c)            those that are this character
 *     special(at)             those at which a JSON string may end or must be looked at: quotes, backslashes, control characters, and
 *                             what is not ASCII
 *     other(at)               those that are not digits
 *     different(a, b)         those in which two texts differ
 *     squeeze(out, at, keep)  copies the bytes whose bits in `keep` are set, one behind the other, and answers how many they were; up
 *                             to STEP bytes are written
 *     block_equal(at, c)      as equal, of BLOCK_SIZE bytes
 *
 * Code uses them in one of two ways: as a template that is compiled for each level, of which the machine's best is taken when the
 * program starts (simd_levels.h), or at the base, which all machines of a kind have, where a call would cost more than it saves
 * (scan.h, BASE below).
 *
 * With SIMD_EMULATED, which tests define, all levels are compiled over SIMDe, which has the instructions in plain C. */
#ifndef SIMD_OPERATIONS_H
#define SIMD_OPERATIONS_H

#include <stdint.h>
#include <string.h>

#include "base/simd.h"

#define BLOCK_SIZE 64

#define SIMD_JOIN_(a, b) a##_##b
#define SIMD_JOIN(a, b) SIMD_JOIN_(a, b)

#ifdef SIMD_EMULATED
#define SIMD_WITH(instructions)
#else
#define SIMD_WITH(instructions) __attribute__((target(instructions)))
#endif

/* ---- Plain C: eight bytes in a number ------------------------------------------------------------------------------------ */

#define SIMD_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t simd_word(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* The high bit of each byte that is zero. */
static inline uint64_t simd_zeros(uint64_t bytes)
{
    return ~(((bytes & SIMD_EACH(0x7F)) + SIMD_EACH(0x7F)) | bytes | SIMD_EACH(0x7F));
}

static inline uint64_t simd_high_bits(uint64_t bytes)
{
    return (bytes >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t equal_scalar(const char *at, char c)
{
    return simd_high_bits(simd_zeros(simd_word(at) ^ SIMD_EACH((unsigned char)c)));
}

static inline uint64_t special_scalar(const char *at)
{
    uint64_t bytes = simd_word(at);
    return simd_high_bits((bytes & SIMD_EACH(0x80)) | simd_zeros(bytes & SIMD_EACH(0xE0)) |
                          simd_zeros(bytes ^ SIMD_EACH('"')) | simd_zeros(bytes ^ SIMD_EACH('\\')));
}

static inline uint64_t other_scalar(const char *at)
{
    uint64_t values = simd_word(at) ^ SIMD_EACH('0'); /* 0-9 for digits, more for all others */
    return simd_high_bits((((values & SIMD_EACH(0x7F)) + SIMD_EACH(0x7F - 9)) | values) & SIMD_EACH(0x80));
}

static inline uint64_t different_scalar(const char *a, const char *b)
{
    return simd_high_bits(~simd_zeros(simd_word(a) ^ simd_word(b)) & SIMD_EACH(0x80));
}

static inline size_t squeeze_scalar(char *out, const char *at, uint64_t keep)
{
    size_t size = 0;
    if (keep == 0xFF) {
        memcpy(out, at, 8);
        return 8;
    }
    for (unsigned i = 0; i < 8; i++) {
        out[size] = at[i];
        size += keep >> i & 1;
    }
    return size;
}

#if defined(__x86_64__) || defined(SIMD_EMULATED)
#ifndef SIMD_EMULATED
#include <immintrin.h>
#endif

/* ---- SSSE3; what needs no more than SSE2, which every x86-64 has, is compiled so: it is the base ---------------------------- */

static inline __m128i load_ssse3(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t equal_ssse3(const char *at, char c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(load_ssse3(at), _mm_set1_epi8(c)));
}

/* Below 0x20 as signed numbers are control characters and what is above 0x7F. */
static inline uint64_t special_ssse3(const char *at)
{
    const __m128i bytes = load_ssse3(at);
    const __m128i quotes =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(quotes, _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20))));
}

/* Less '0' and 128, the digits are the lowest ten of the signed numbers. */
static inline uint64_t other_ssse3(const char *at)
{
    const __m128i values = _mm_sub_epi8(load_ssse3(at), _mm_set1_epi8('0' - 128));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(values, _mm_set1_epi8(-119)));
}

static inline uint64_t different_ssse3(const char *a, const char *b)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(load_ssse3(a), load_ssse3(b))) ^ 0xFFFF;
}

static inline SIMD_WITH("ssse3") size_t
    squeeze_eights(char *out, const char *at, uint64_t keep, unsigned step)
{
    size_t size = 0;
    for (unsigned i = 0; i < step; i += 8) {
        const unsigned choice = keep >> i & 0xFF;
        const __m128i indexes = _mm_loadl_epi64((const __m128i *)(const void *)&simd_chosen[choice]);
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(at + i));
        _mm_storel_epi64((__m128i *)(void *)(out + size), _mm_shuffle_epi8(bytes, indexes));
        size += (size_t)__builtin_popcount(choice);
    }
    return size;
}

static inline SIMD_WITH("ssse3") size_t squeeze_ssse3(char *out, const char *at, uint64_t keep)
{
    return squeeze_eights(out, at, keep, 16);
}

#define SIMD_AVX2_TARGET SIMD_WITH("avx2,bmi,bmi2,popcnt")

/* ---- AVX2 ---------------------------------------------------------------------------------------------------------------- */

static inline SIMD_AVX2_TARGET __m256i load_avx2(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

static inline SIMD_AVX2_TARGET uint64_t equal_avx2(const char *at, char c)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load_avx2(at), _mm256_set1_epi8(c)));
}

static inline SIMD_AVX2_TARGET uint64_t special_avx2(const char *at)
{
    const __m256i bytes = load_avx2(at);
    const __m256i quotes = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, load_avx2(simd_repeated.quote)),
                                           _mm256_cmpeq_epi8(bytes, load_avx2(simd_repeated.backslash)));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_or_si256(quotes, _mm256_cmpgt_epi8(load_avx2(simd_repeated.space), bytes)));
}

static inline SIMD_AVX2_TARGET uint64_t other_avx2(const char *at)
{
    const __m256i values = _mm256_sub_epi8(load_avx2(at), load_avx2(simd_repeated.digit_base));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(values, load_avx2(simd_repeated.digit_limit)));
}

static inline SIMD_AVX2_TARGET uint64_t different_avx2(const char *a, const char *b)
{
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load_avx2(a), load_avx2(b)));
}

static inline SIMD_AVX2_TARGET size_t squeeze_avx2(char *out, const char *at, uint64_t keep)
{
    return squeeze_eights(out, at, keep, 32);
}

/* ---- AVX-512 -------------------------------------------------------------------------------------------------------------
 *
 * AVX2 again, since masks in registers of their own are slower where the next step waits for them, but for one instruction that
 * squeezes. That one is what the level is for: on an AMD EPYC (Zen 4 or later) a uniform message takes 4 to 7 % less time than with
 * AVX2, a large one 18 to 23 %, paired in five runs of `bench/decode levels`. */

#define SIMD_AVX512_TARGET SIMD_WITH("avx2,bmi,bmi2,popcnt,avx512bw,avx512vl,avx512vbmi2")

static inline SIMD_AVX512_TARGET uint64_t equal_avx512(const char *at, char c)
{
    return equal_avx2(at, c);
}

static inline SIMD_AVX512_TARGET uint64_t special_avx512(const char *at)
{
    return special_avx2(at);
}

static inline SIMD_AVX512_TARGET uint64_t other_avx512(const char *at)
{
    return other_avx2(at);
}

static inline SIMD_AVX512_TARGET uint64_t different_avx512(const char *a, const char *b)
{
    return different_avx2(a, b);
}

static inline SIMD_AVX512_TARGET size_t squeeze_avx512(char *out, const char *at, uint64_t keep)
{
    const __m256i kept = _mm256_maskz_compress_epi8((uint32_t)keep, load_avx2(at));
    _mm256_storeu_si256((__m256i *)(void *)out, kept);
    return (size_t)__builtin_popcountll(keep);
}
#endif

#if defined(__aarch64__) || defined(SIMD_EMULATED)
#ifndef SIMD_EMULATED
#include <arm_neon.h>
#endif

/* ---- NEON: every aarch64 ------------------------------------------------------------------------------------------------- */

static inline uint8x16_t load_neon(const char *at)
{
    return vld1q_u8((const uint8_t *)at);
}

static inline uint64_t bits_neon(uint8x16_t found)
{
    static const uint8_t bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t each = vandq_u8(found, vld1q_u8(bit));
    return (uint64_t)vaddv_u8(vget_low_u8(each)) | (uint64_t)vaddv_u8(vget_high_u8(each)) << 8;
}

static inline uint64_t equal_neon(const char *at, char c)
{
    return bits_neon(vceqq_u8(load_neon(at), vdupq_n_u8((uint8_t)c)));
}

static inline uint64_t special_neon(const char *at)
{
    const uint8x16_t bytes = load_neon(at);
    const uint8x16_t quotes = vorrq_u8(vceqq_u8(bytes, vdupq_n_u8('"')), vceqq_u8(bytes, vdupq_n_u8('\\')));
    return bits_neon(vorrq_u8(quotes, vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20))));
}

static inline uint64_t other_neon(const char *at)
{
    return bits_neon(vcgtq_u8(vsubq_u8(load_neon(at), vdupq_n_u8('0')), vdupq_n_u8(9)));
}

static inline uint64_t different_neon(const char *a, const char *b)
{
    return bits_neon(vmvnq_u8(vceqq_u8(load_neon(a), load_neon(b))));
}

static inline size_t squeeze_neon(char *out, const char *at, uint64_t keep)
{
    size_t size = 0;
    for (unsigned i = 0; i < 16; i += 8) {
        const unsigned choice = keep >> i & 0xFF;
        const uint8x8_t indexes = vld1_u8((const uint8_t *)&simd_chosen[choice]);
        vst1_u8((uint8_t *)out + size, vtbl1_u8(vld1_u8((const uint8_t *)at + i), indexes));
        size += (size_t)__builtin_popcount(choice);
    }
    return size;
}
#endif

/* ---- Blocks: as many steps as make 64 bytes --------------------------------------------------------------------------------- */

#define SIMD_BLOCK(level, step, target)                                                                      \
    static inline target uint64_t block_equal_##level(const char *at, char c)                                \
    {                                                                                                        \
        uint64_t found = 0;                                                                                  \
        for (unsigned i = 0; i < BLOCK_SIZE; i += step)                                                      \
            found |= equal_##level(at + i, c) << i;                                                          \
        return found;                                                                                        \
    }

SIMD_BLOCK(scalar, 8, )
#if defined(__x86_64__) || defined(SIMD_EMULATED)
SIMD_BLOCK(ssse3, 16, )
SIMD_BLOCK(avx2, 32, SIMD_AVX2_TARGET)
SIMD_BLOCK(avx512, 32, SIMD_AVX512_TARGET)
#endif
#if defined(__aarch64__) || defined(SIMD_EMULATED)
/* Of four steps each byte found becomes its bit of eight; three sums of neighbours bring the eights together. */
static inline uint64_t block_equal_neon(const char *at, char c)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
    const uint8x16_t wanted = vdupq_n_u8((uint8_t)c);
    const uint8x16_t first = vandq_u8(vceqq_u8(load_neon(at), wanted), bit);
    const uint8x16_t second = vandq_u8(vceqq_u8(load_neon(at + 16), wanted), bit);
    const uint8x16_t third = vandq_u8(vceqq_u8(load_neon(at + 32), wanted), bit);
    const uint8x16_t fourth = vandq_u8(vceqq_u8(load_neon(at + 48), wanted), bit);
    const uint8x16_t sums = vpaddq_u8(vpaddq_u8(first, second), vpaddq_u8(third, fourth));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}
#endif

/* ---- The base ------------------------------------------------------------------------------------------------------------ */

#if defined(__x86_64__)
#define BASE(name) name##_ssse3 /* but for squeeze, which is not part of the base */
#define BASE_STEP 16
#elif defined(__aarch64__)
#define BASE(name) name##_neon
#define BASE_STEP 16
#else
#define BASE(name) name##_scalar
#define BASE_STEP 8
#endif

#endif
