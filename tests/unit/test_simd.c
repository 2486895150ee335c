/* Each level's operations answer what a plain reading of simd_operations.h says: here those of this machine's levels, in
 * test_simd_emulated.c all of them over SIMDe, which has in plain C the instructions that a machine lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct operations {
    unsigned step;
    uint64_t (*equal)(const char *, char);
    uint64_t (*special)(const char *);
    uint64_t (*other)(const char *);
    uint64_t (*different)(const char *, const char *);
    size_t (*squeeze)(char *, const char *, uint64_t);
    uint64_t (*block_equal)(const char *, char);
};

#define SIMD_TEMPLATE "../tests/unit/simd_calls.h"
#include "base/block.h"
#include "base/scan.h"
#include "base/simd_levels.h"

#ifdef SIMD_EMULATED
static const struct operations *const levels[] = {&operations_scalar, &operations_ssse3, &operations_avx2,
                                                  &operations_avx512, &operations_neon};
static const char *const level_names[] = {"scalar", "ssse3", "avx2", "avx512", "neon"};
#define LEVELS (sizeof levels / sizeof *levels)
#else
static const struct operations *const levels[SIMD_LEVELS] = SIMD_TABLE(&operations);
#define LEVELS simd_count()
#endif

#define STEP_LIMIT 64
#define ROUNDS 200000

static const char *name_of(size_t level)
{
#ifdef SIMD_EMULATED
    return level_names[level];
#else
    return simd_name((enum simd_level)level);
#endif
}

static bool is_special(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == '"' || byte == '\\' || byte < 0x20 || byte > 0x7F;
}

static void check_bits(size_t level, const char *what, uint64_t found, uint64_t want)
{
    if (found != want)
        fail_msg("%s: %s is %llx, not %llx", name_of(level), what, (unsigned long long)found,
                 (unsigned long long)want);
}

/* One level's operations on STEP_LIMIT bytes each of two texts. */
static void check_level(size_t level, const char *a, const char *b, char c, uint64_t keep)
{
    const struct operations *run = levels[level];
    uint64_t equal = 0, special = 0, other = 0, different = 0, block = 0;
    char kept[STEP_LIMIT], out[STEP_LIMIT + 1];
    size_t count = 0;
    for (unsigned i = 0; i < run->step; i++) {
        equal |= (uint64_t)(a[i] == c) << i;
        special |= (uint64_t)is_special(a[i]) << i;
        other |= (uint64_t)(a[i] < '0' || a[i] > '9') << i;
        different |= (uint64_t)(a[i] != b[i]) << i;
        if (keep >> i & 1)
            kept[count++] = a[i];
    }
    for (unsigned i = 0; i < BLOCK_SIZE; i++)
        block |= (uint64_t)(a[i] == c) << i;
    check_bits(level, "block_equal", run->block_equal(a, c), block);
    check_bits(level, "equal", run->equal(a, c), equal);
    check_bits(level, "special", run->special(a), special);
    check_bits(level, "other", run->other(a), other);
    check_bits(level, "different", run->different(a, b), different);
    keep &= UINT64_MAX >> (64 - run->step);
    out[run->step] = 'x';
    if (run->squeeze(out, a, keep) != count || memcmp(out, kept, count) != 0 || out[run->step] != 'x')
        fail_msg("%s: squeeze of %llx", name_of(level), (unsigned long long)keep);
}

static void check(const char *a, const char *b, char c, uint64_t keep)
{
    for (size_t level = 0; level < LEVELS; level++)
        check_level(level, a, b, c, keep);
}

/* Every byte at every index, among letters and among bytes like itself. */
static void test_every_byte(void **state)
{
    (void)state;
    char text[STEP_LIMIT], letters[STEP_LIMIT];
    memset(letters, 'x', sizeof letters);
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < STEP_LIMIT; at++) {
            memset(text, 'x', sizeof text);
            text[at] = (char)byte;
            check(text, letters, (char)byte, UINT64_C(1) << at);
        }
        memset(text, (int)byte, sizeof text);
        check(text, letters, (char)byte, UINT64_MAX);
        check(text, text, 'x', 0);
    }
}

/* Every choice of eight bytes, at each of their indexes. */
static void test_every_choice(void **state)
{
    (void)state;
    char text[STEP_LIMIT];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('0' + i);
    for (uint64_t choice = 0; choice < 256; choice++)
        for (unsigned at = 0; at < STEP_LIMIT; at += 8)
            check(text, text, '0', choice << at);
}

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1Du;
}

/* Texts with few and with many bytes that count, at every alignment. */
static void test_random_texts(void **state)
{
    (void)state;
    static const char some[] = "\"\\\x1F\x20\x21\x23\x5B\x5D\x7F\x80\xFF\n{}/0123456789:";
    const char *given = getenv("SEED");
    random_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) | 1;
    print_message("SEED=%llu\n", (unsigned long long)random_state);
    char a[2 * STEP_LIMIT], b[2 * STEP_LIMIT];
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t start = round % STEP_LIMIT;
        for (size_t i = 0; i < STEP_LIMIT; i++) {
            uint64_t dice = next_random();
            a[start + i] =
                dice % 64 < round % 64 ? some[dice / 64 % (sizeof some - 1)] : (char)('a' + dice / 64 % 26);
            b[start + i] = dice >> 56 < round % 256 ? (char)(a[start + i] + 1) : a[start + i];
        }
        check(a + start, b + start, some[round % (sizeof some - 1)], next_random());
    }
}

/* Block after block: the bytes that begin an escape are those that a reader from the left takes for it. */
static void test_escapes(void **state)
{
    (void)state;
    random_state = (uint64_t)time(NULL) | 1;
    uint64_t carried = 0;
    bool escaped = false;
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* Few backslashes, many, and nothing else. */
        uint64_t backslashes = next_random(), want = 0;
        backslashes = round % 4 == 0 ? backslashes & next_random() : round % 4 == 1 ? UINT64_MAX : backslashes;
        for (unsigned i = 0; i < BLOCK_SIZE; i++) {
            escaped = !escaped && (backslashes >> i & 1);
            want |= (uint64_t)escaped << i;
        }
        uint64_t found = block_escapes(backslashes, &carried);
        if (found != want || carried != (uint64_t)escaped)
            fail_msg("escapes of %llx are %llx, not %llx", (unsigned long long)backslashes,
                     (unsigned long long)found, (unsigned long long)want);
    }
}

/* What is looked for at the base, at every distance and with the end before it. */
static void test_scans(void **state)
{
    (void)state;
    char digits[2 * STEP_LIMIT];
    for (size_t size = 0; size <= STEP_LIMIT; size++) {
        for (size_t at = 0; at < STEP_LIMIT; at++) {
            memset(digits, '7', sizeof digits);
            digits[at] = '\\';
            const char *want = digits + (at < size ? at : size);
            assert_ptr_equal(scan_backslash(digits, digits + size), want);
            assert_ptr_equal(scan_other(digits, digits + size), want);
        }
    }
}

/* By name, and none that the machine has not. */
static void test_choice(void **state)
{
    (void)state;
    assert_in_range(simd_count(), 2,
                    SIMD_LEVELS); /* scalar, and what every x86-64 of today and every aarch64 has */
    for (size_t level = 0; level < simd_count(); level++) {
        assert_true(simd_use(simd_name((enum simd_level)level)));
        assert_int_equal(simd_in_use(), level);
        print_message("this machine has %s\n", simd_name((enum simd_level)level));
    }
    assert_false(simd_use("avx1024"));
    assert_true(simd_use(NULL));
    assert_int_equal(simd_in_use(), simd_count() - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_every_choice),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_scans),
    };
    return cmocka_run_group_tests_name("simd", tests, NULL, NULL);
}
