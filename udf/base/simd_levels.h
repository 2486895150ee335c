/* A template, compiled for each level of SIMD instructions that the machine's kind has:
 *
 *     #define SIMD_TEMPLATE "decode/fast/run.h"
 *     #include "base/simd_levels.h"
 *
 * In the template LEVEL is the level's name, OF(name) is name_LEVEL, TARGET what its functions need before their types, STEP how many
 * bytes the level's operations take at a time. The operations are those of simd_operations.h: OF(equal)(at, c). */
#ifndef SIMD_LEVELS_H
#define SIMD_LEVELS_H

#include "base/simd_operations.h"

#define OF(name) SIMD_JOIN(name, LEVEL)

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
