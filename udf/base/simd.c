#include "base/simd.h"

#include <stdint.h>
#include <string.h>

uint64_t simd_chosen[256];

#define EIGHT(c) c, c, c, c, c, c, c, c
#define REPEATED(c)                                                                                          \
    {                                                                                                        \
        EIGHT(c), EIGHT(c), EIGHT(c), EIGHT(c)                                                               \
    }

const struct simd_repeated simd_repeated = {.quote = REPEATED('"'),
                                            .backslash = REPEATED('\\'),
                                            .space = REPEATED(0x20),
                                            .digit_base = REPEATED('0' - 128),
                                            .digit_limit = REPEATED(9 - 128)};

static const char *const names[SIMD_LEVELS] = {
    [SIMD_SCALAR] = "scalar",
#if defined(__x86_64__)
    [SIMD_SSSE3] = "ssse3",
    [SIMD_AVX2] = "avx2",
    [SIMD_AVX512] = "avx512",
#elif defined(__aarch64__)
    [SIMD_NEON] = "neon",
#endif
};

size_t simd_count(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("ssse3"))
        return SIMD_SSSE3;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2"))
        return SIMD_AVX2;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512vbmi2"))
        return SIMD_AVX512;
#endif
    return SIMD_LEVELS;
}

const char *simd_name(enum simd_level level)
{
    return names[level];
}

static enum simd_level in_use = SIMD_LEVELS;

enum simd_level simd_in_use(void)
{
    if (in_use == SIMD_LEVELS)
        simd_use(NULL);
    return in_use;
}

static void fill_chosen(void)
{
    for (unsigned choice = 0; choice < 256; choice++) {
        unsigned char indexes[8] = {0}, count = 0;
        for (unsigned char i = 0; i < 8; i++)
            if (choice >> i & 1)
                indexes[count++] = i;
        memcpy(&simd_chosen[choice], indexes, sizeof indexes);
    }
}

bool simd_use(const char *name)
{
    fill_chosen();
    for (size_t i = simd_count(); i-- > 0;) {
        if (!name || !*name || strcmp(names[i], name) == 0) {
            in_use = (enum simd_level)i;
            return true;
        }
    }
    return false;
}
