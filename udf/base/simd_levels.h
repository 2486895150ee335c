/* A template, compiled for each level of SIMD instructions that the machine's kind has:
 *
 *     #define SIMD_TEMPLATE "decode/fast/run.h"
 *     #include "base/simd_levels.h"
 *
 * In the template LEVEL is the level's name, OF(name) is name_LEVEL, TARGET what its functions need before their types, STEP how many
 * bytes the level's operations take at a time, and these are the operations. Each answers a number with a bit for each of the STEP
 * bytes, the first byte's lowest:
 *
 *     OF(equal)(at, c)          those that are this character
 *     OF(special)(at)           those at which a JSON string may end or must be looked at: quotes, backslashes, control characters, and
 *                               what is not ASCII
 *     OF(other)(at)             those that are no digits
 *     OF(different)(a, b)       those in which two places differ
 *     OF(squeeze)(out, at, keep) copies the bytes whose bits in `keep` are set, one behind the other, and answers how many they were;
 *                               up to STEP bytes are written
 *
 * With SIMD_EMULATED, which tests define, all levels are compiled over SIMDe, which has the instructions in plain C. */
#ifndef SIMD_LEVELS_H
#define SIMD_LEVELS_H

#include <stdint.h>
#include <string.h>

#include "base/simd.h"

#define SIMD_JOIN_(a, b) a##_##b
#define SIMD_JOIN(a, b) SIMD_JOIN_(a, b)
#define OF(name) SIMD_JOIN(name, LEVEL)

#ifdef SIMD_EMULATED
#define SIMD_WITH(instructions)
#else
#define SIMD_WITH(instructions) __attribute__((target(instructions)))
#endif

/* ---- Plain C: eight bytes in a number ------------------------------------------------------------------------------------ */

#define SIMD_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t simd_word(const char *at)
{
    uint64_t bytes = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&bytes, at, sizeof bytes);
#else
    for (unsigned i = 0; i < 8; i++)
        bytes |= (uint64_t)(unsigned char)at[i] << 8 * i;
#endif
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

/* ---- SSSE3 --------------------------------------------------------------------------------------------------------------- */

static inline SIMD_WITH("ssse3") __m128i load_ssse3(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline SIMD_WITH("ssse3") uint64_t equal_ssse3(const char *at, char c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(load_ssse3(at), _mm_set1_epi8(c)));
}

/* Below 0x20 as signed numbers are control characters and what is above 0x7F. */
static inline SIMD_WITH("ssse3") uint64_t special_ssse3(const char *at)
{
    const __m128i bytes = load_ssse3(at);
    const __m128i quotes =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(quotes, _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20))));
}

/* Less '0' and 128, the digits are the lowest ten of the signed numbers. */
static inline SIMD_WITH("ssse3") uint64_t other_ssse3(const char *at)
{
    const __m128i values = _mm_sub_epi8(load_ssse3(at), _mm_set1_epi8('0' - 128));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(values, _mm_set1_epi8(-119)));
}

static inline SIMD_WITH("ssse3") uint64_t different_ssse3(const char *a, const char *b)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(load_ssse3(a), load_ssse3(b))) ^ 0xFFFF;
}

static inline SIMD_WITH("ssse3") size_t
    squeeze_eights(char *out, const char *at, uint64_t keep, unsigned step)
{
    size_t size = 0;
    for (unsigned i = 0; i < step; i += 8) {
        const unsigned kept = keep >> i & 0xFF;
        const __m128i places = _mm_loadl_epi64((const __m128i *)(const void *)&simd_chosen[kept]);
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(at + i));
        _mm_storel_epi64((__m128i *)(void *)(out + size), _mm_shuffle_epi8(bytes, places));
        size += (size_t)__builtin_popcount(kept);
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
    const __m256i values = _mm256_sub_epi8(load_avx2(at), load_avx2(simd_repeated.least_digit));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(values, load_avx2(simd_repeated.most_digit)));
}

static inline SIMD_AVX2_TARGET uint64_t different_avx2(const char *a, const char *b)
{
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load_avx2(a), load_avx2(b)));
}

static inline SIMD_AVX2_TARGET size_t squeeze_avx2(char *out, const char *at, uint64_t keep)
{
    return squeeze_eights(out, at, keep, 32);
}

/* ---- AVX-512: AVX2 again, since masks in registers of their own are slower where the next step waits for them, but for one
 * instruction that squeezes ------------------------------------------------------------------------------------------------ */

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
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t each = vandq_u8(found, vld1q_u8(places));
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
        const unsigned kept = keep >> i & 0xFF;
        const uint8x8_t places = vld1_u8((const uint8_t *)&simd_chosen[kept]);
        vst1_u8((uint8_t *)out + size, vtbl1_u8(vld1_u8((const uint8_t *)at + i), places));
        size += (size_t)__builtin_popcount(kept);
    }
    return size;
}
#endif
#endif

/* ---- The template, for each level ---------------------------------------------------------------------------------------- */

#define LEVEL scalar
#define STEP 8
#define TARGET
#include SIMD_TEMPLATE
#undef LEVEL
#undef STEP
#undef TARGET

#if defined(__x86_64__) || defined(SIMD_EMULATED)
#define LEVEL ssse3
#define STEP 16
#define TARGET SIMD_WITH("ssse3")
#include SIMD_TEMPLATE
#undef LEVEL
#undef STEP
#undef TARGET

#define LEVEL avx2
#define STEP 32
#define TARGET SIMD_AVX2_TARGET
#include SIMD_TEMPLATE
#undef LEVEL
#undef STEP
#undef TARGET

#define LEVEL avx512
#define STEP 32
#define TARGET SIMD_AVX512_TARGET
#include SIMD_TEMPLATE
#undef LEVEL
#undef STEP
#undef TARGET
#endif

#if defined(__aarch64__) || defined(SIMD_EMULATED)
#define LEVEL neon
#define STEP 16
#define TARGET
#include SIMD_TEMPLATE
#undef LEVEL
#undef STEP
#undef TARGET
#endif

/* What became of a template's function, an entry for each level. */
#if defined(__x86_64__)
#define SIMD_TABLE(name)                                                                                     \
    {                                                                                                        \
        name##_scalar, name##_ssse3, name##_avx2, name##_avx512                                              \
    }
#elif defined(__aarch64__)
#define SIMD_TABLE(name)                                                                                     \
    {                                                                                                        \
        name##_scalar, name##_neon                                                                           \
    }
#else
#define SIMD_TABLE(name)                                                                                     \
    {                                                                                                        \
        name##_scalar                                                                                        \
    }
#endif
