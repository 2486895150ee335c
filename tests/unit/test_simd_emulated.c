/* test_simd.c with all levels, over SIMDe: also those that this machine lacks. */
#ifdef __x86_64__
#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <simde/arm/neon.h>
#include <simde/x86/avx512.h>
#pragma GCC diagnostic pop

/* SIMDe lacks this one. */
static simde__m256i _mm256_maskz_compress_epi8(uint32_t keep, simde__m256i bytes)
{
    simde__m256i_private from = simde__m256i_to_private(bytes), to = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < 32; i++)
        if (keep >> i & 1)
            to.i8[count++] = from.i8[i];
    return simde__m256i_from_private(to);
}

#define SIMD_EMULATED
#endif

#include "test_simd.c"
