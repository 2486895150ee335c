/* The levels of SIMD instructions, each as the same few operations on STEP bytes:
 *
 *     load    the bytes at a place
 *     equal   those that are this character
 *     outside those below 0x20 or above 0x7F: as signed numbers, below 0x20
 *     either  those found by one or the other
 *     bits    what was found, a bit for each byte, the first lowest
 *
 * special_mark.h makes mark_LEVEL of them. With SPECIAL_EMULATED, which tests define, all levels are compiled over SIMDe, which has
 * every instruction in plain C. */
#include <string.h>

#include "special.h"

#ifdef SPECIAL_EMULATED
#define WITH(instructions)
#else
#define WITH(instructions) __attribute__((target(instructions)))
#endif

/* ---- Plain C: eight bytes in a number ------------------------------------------------------------------------------------ */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t load_scalar(const char *at)
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
static inline uint64_t zero_scalar(uint64_t bytes)
{
    return ~(((bytes & EACH(0x7F)) + EACH(0x7F)) | bytes | EACH(0x7F));
}

static inline uint64_t equal_scalar(uint64_t bytes, char c)
{
    return zero_scalar(bytes ^ EACH((unsigned char)c));
}

static inline uint64_t outside_scalar(uint64_t bytes)
{
    return (bytes & EACH(0x80)) | zero_scalar(bytes & EACH(0xE0));
}

static inline uint64_t either_scalar(uint64_t a, uint64_t b)
{
    return a | b;
}

static inline uint64_t bits_scalar(uint64_t found)
{
    return (found >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

#define LEVEL scalar
#define STEP 8
#define TARGET
#define BYTES uint64_t
#define FOUND uint64_t
#include "special_mark.h"

#if defined(__x86_64__) || defined(SPECIAL_EMULATED)
#define SPECIAL_X86
#ifndef SPECIAL_EMULATED
#include <immintrin.h>
#endif

/* ---- SSE2: every x86-64. SSSE3 and SSE4.2 have nothing to add to these operations. ---------------------------------------- */

static inline __m128i load_sse2(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline __m128i equal_sse2(__m128i bytes, char c)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

static inline __m128i outside_sse2(__m128i bytes)
{
    return _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
}

static inline __m128i either_sse2(__m128i a, __m128i b)
{
    return _mm_or_si128(a, b);
}

static inline uint64_t bits_sse2(__m128i found)
{
    return (uint32_t)_mm_movemask_epi8(found);
}

#define LEVEL sse2
#define STEP 16
#define TARGET
#define BYTES __m128i
#define FOUND __m128i
#include "special_mark.h"

/* ---- AVX2 ---------------------------------------------------------------------------------------------------------------- */

static inline WITH("avx2") __m256i load_avx2(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

static inline WITH("avx2") __m256i equal_avx2(__m256i bytes, char c)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c));
}

static inline WITH("avx2") __m256i outside_avx2(__m256i bytes)
{
    return _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes);
}

static inline WITH("avx2") __m256i either_avx2(__m256i a, __m256i b)
{
    return _mm256_or_si256(a, b);
}

static inline WITH("avx2") uint64_t bits_avx2(__m256i found)
{
    return (uint32_t)_mm256_movemask_epi8(found);
}

#define LEVEL avx2
#define STEP 32
#define TARGET WITH("avx2")
#define BYTES __m256i
#define FOUND __m256i
#include "special_mark.h"

/* ---- AVX-512BW ----------------------------------------------------------------------------------------------------------- */

static inline WITH("avx512bw") __m512i load_avx512bw(const char *at)
{
    return _mm512_loadu_si512((const void *)at);
}

static inline WITH("avx512bw") uint64_t equal_avx512bw(__m512i bytes, char c)
{
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

static inline WITH("avx512bw") uint64_t outside_avx512bw(__m512i bytes)
{
    return _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(0x20));
}

static inline WITH("avx512bw") uint64_t either_avx512bw(uint64_t a, uint64_t b)
{
    return a | b;
}

static inline WITH("avx512bw") uint64_t bits_avx512bw(uint64_t found)
{
    return found;
}

#define LEVEL avx512bw
#define STEP 64
#define TARGET WITH("avx512bw")
#define BYTES __m512i
#define FOUND uint64_t
#include "special_mark.h"
#endif

#if (defined(__ARM_NEON) && defined(__aarch64__)) || defined(SPECIAL_EMULATED)
#define SPECIAL_ARM
#ifndef SPECIAL_EMULATED
#include <arm_neon.h>
#endif

/* ---- NEON: every aarch64 ------------------------------------------------------------------------------------------------- */

static inline uint8x16_t load_neon(const char *at)
{
    return vld1q_u8((const uint8_t *)at);
}

static inline uint8x16_t equal_neon(uint8x16_t bytes, char c)
{
    return vceqq_u8(bytes, vdupq_n_u8((uint8_t)c));
}

static inline uint8x16_t outside_neon(uint8x16_t bytes)
{
    return vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20));
}

static inline uint8x16_t either_neon(uint8x16_t a, uint8x16_t b)
{
    return vorrq_u8(a, b);
}

static inline uint64_t bits_neon(uint8x16_t found)
{
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t each = vandq_u8(found, vld1q_u8(places));
    return (uint64_t)vaddv_u8(vget_low_u8(each)) | (uint64_t)vaddv_u8(vget_high_u8(each)) << 8;
}

#define LEVEL neon
#define STEP 16
#define TARGET
#define BYTES uint8x16_t
#define FOUND uint8x16_t
#include "special_mark.h"
#endif
