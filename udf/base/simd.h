/* The levels of SIMD instructions, and which of them is in use: the best that the machine has.
 *
 * simd_operations.h has what is done to a few bytes at once, at each level. What is fast by it is one algorithm, a template, compiled for
 * each level over that level's operations (simd_levels.h). Whoever has such a template keeps a table of what became of it, one entry for
 * each level. */
#ifndef SIMD_H
#define SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum simd_level {
    SIMD_SCALAR, /* plain C */
#if defined(__x86_64__)
    SIMD_SSSE3,
    SIMD_AVX2,
    SIMD_AVX512, /* BW, VL and VBMI2: Intel from Ice Lake on, AMD from Zen 4 on */
#elif defined(__aarch64__)
    SIMD_NEON,
#endif
    SIMD_LEVELS
};

/* The levels that this machine has are the first so many. */
size_t simd_count(void);

/* scalar, ssse3, avx2, avx512, neon */
const char *simd_name(enum simd_level level);

/* The level in use. */
enum simd_level simd_in_use(void);

/* Takes the level of this name from now on; NULL or "": the best. False if the machine has none of that name. What was made
 * before keeps the level that it was made with. */
bool simd_use(const char *name);

/* For each choice of eight bytes, as eight bits, the indexes of those that are chosen, a byte each. Filled when a level is taken. */
extern uint64_t simd_chosen[256];

/* Characters, each repeated: as operands in memory they cost nothing, while a compiler that sees their values makes them again each time. */
struct simd_repeated {
    char quote[32], backslash[32], space[32];
    /* Less the first, as signed numbers, digits are not above the second. */
    char digit_base[32], digit_limit[32];
};
extern const struct simd_repeated simd_repeated;

#ifdef __cplusplus
}
#endif

#endif
