/* Each level of SIMD instructions marks the same bytes as a plain reading of the rule: the levels of this machine, and, on x86-64,
 * all levels over SIMDe, which has in plain C the instructions that the machine lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

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

#define SPECIAL_EMULATED
#include "special_levels.h"

static const struct special_level emulated[] = {
    {"scalar again", mark_scalar},        {"sse2 by SIMDe", mark_sse2}, {"avx2 by SIMDe", mark_avx2},
    {"avx512bw by SIMDe", mark_avx512bw}, {"neon by SIMDe", mark_neon},
};
#define EMULATED (sizeof emulated / sizeof *emulated)
#else
#include <string.h>

#include "special.h"

static const struct special_level emulated[1];
#define EMULATED 0
#endif

#define SIZE_MOST 700
#define ROOM (SIZE_MOST + 64)
#define ROUNDS 20000

static bool is_special(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == '"' || byte == '\\' || byte < 0x20 || byte > 0x7F;
}

static void check_level(const struct special_level *level, const char *text, size_t size)
{
    uint64_t words[SPECIAL_WORDS(SIZE_MOST) + 1];
    const size_t count = SPECIAL_WORDS(size);
    words[count] = 0x123456789ABCDEF;
    level->mark(text, size, words);
    for (size_t i = 0; i < 64 * count; i++) {
        bool marked = words[i / 64] >> i % 64 & 1;
        if (marked != (i >= size || is_special(text[i])))
            fail_msg("%s: byte %zu of %zu", level->name, i, size);
    }
    if (words[count] != 0x123456789ABCDEF)
        fail_msg("%s: wrote behind the words of %zu bytes", level->name, size);
    size_t next = size;
    for (size_t i = size + 1; i-- > 0;) {
        if (i < size && is_special(text[i]))
            next = i;
        if (special_next(words, i) != next)
            fail_msg("%s: the next from byte %zu of %zu", level->name, i, size);
    }
}

static void check(const char *text, size_t size)
{
    const struct special_level *level;
    for (size_t i = 0; (level = special_level(i)); i++)
        check_level(level, text, size);
    for (level = emulated; level < emulated + EMULATED; level++)
        check_level(level, text, size);
}

/* Every byte at every place of a step, among letters and among bytes like itself. */
static void test_every_byte(void **state)
{
    (void)state;
    char text[ROOM];
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 130; at++) {
            memset(text, 'x', sizeof text);
            text[at] = (char)byte;
            check(text, 130);
        }
        memset(text, (int)byte, sizeof text);
        check(text, 130);
    }
}

/* Texts of every size, with few and with many special bytes; what stands behind them is special and does not count. */
static void test_random_texts(void **state)
{
    (void)state;
    static const char some[] = "\"\\\x1F\x20\x21\x23\x5B\x5D\x7F\x80\xFF\n{}";
    const char *given = getenv("SEED");
    uint64_t random = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) | 1;
    print_message("SEED=%llu\n", (unsigned long long)random);
    char text[ROOM];
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t size = round % SIZE_MOST;
        memset(text, '"', sizeof text);
        for (size_t i = 0; i < size; i++) {
            random ^= random >> 12;
            random ^= random << 25;
            random ^= random >> 27;
            uint64_t dice = random * 0x2545F4914F6CDD1Du >> 33;
            text[i] =
                dice % 64 < round % 64 ? some[dice / 64 % (sizeof some - 1)] : (char)('a' + dice / 64 % 26);
        }
        check(text, size);
    }
}

/* By name, and none that the machine has not. */
static void test_choice(void **state)
{
    (void)state;
    size_t count = 0;
    const struct special_level *level;
    for (; (level = special_level(count)); count++) {
        assert_true(special_use(level->name));
        assert_ptr_equal(special_in_use(), level);
        print_message("this machine has %s\n", level->name);
    }
    assert_true(count >= 2); /* scalar, and what every x86-64 or aarch64 has */
    assert_false(special_use("avx1024"));
    assert_true(special_use(NULL));
    assert_ptr_equal(special_in_use(), special_level(count - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
