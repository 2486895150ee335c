/* Text, its hash, and memory for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hash.h"

/* The vectors of draft-eastlake-fnv, appendix C. */
static void test_hash(void **state)
{
    (void)state;
    assert_true(hash_of(TEXT("")) == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_of(TEXT("a")) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_of(TEXT("foobar")) == UINT64_C(0x85944171f73967e8));
    assert_true(hash_add(hash_of(TEXT("foo")), TEXT("bar")) == hash_of(TEXT("foobar")));
    assert_true(hash_of(TEXT("\xff")) != hash_of(TEXT("\x7f")));
    assert_true(hash_of((struct text){NULL, 0}) == HASH_EMPTY);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(text_ends(TEXT("created_at"), TEXT("_at")));
    assert_true(text_ends(TEXT("_at"), TEXT("_at")));
    assert_true(text_ends(TEXT("x"), TEXT("")));
    assert_true(text_ends((struct text){NULL, 0}, TEXT("")));
    assert_false(text_ends(TEXT("at"), TEXT("_at")));
    assert_false(text_ends(TEXT("_at_"), TEXT("_at")));
}

static void test_copy(void **state)
{
    (void)state;
    struct arena arena = {.blocks = NULL};
    char *dirty = arena_alloc(&arena, 64);
    memset(dirty, 'x', 64);
    arena_shrink(&arena, dirty, 0);
    struct text copy = arena_copy(&arena, TEXT("text"), 8);
    assert_memory_equal(copy.data, "text\0\0\0\0\0\0\0\0", 12);
    assert_int_equal(copy.size, 4);
    assert_int_equal(arena_copy(&arena, (struct text){NULL, 0}, 1).size, 0);
    assert_false(arena.failed);
    assert_null(arena_copy(&arena, (struct text){"", SIZE_MAX}, 8).data);
    assert_true(arena.failed);
    arena_free(&arena);
}

static void test_printf(void **state)
{
    (void)state;
    struct arena arena = {.blocks = NULL};
    struct text text = arena_printf(&arena, "%d %.*s", 7, TEXT_ARGUMENTS(TEXT("seven")));
    assert_string_equal(text.data, "7 seven");
    assert_int_equal(text.size, 7);
    arena_free(&arena);
}

/* Over 2 GiB a size is a negative int, which printf takes for no limit at all. */
static void test_precision(void **state)
{
    (void)state;
    assert_int_equal(text_precision(0), 0);
    assert_int_equal(text_precision(INT_MAX), INT_MAX);
    assert_int_equal(text_precision((size_t)INT_MAX + 1), INT_MAX);
    assert_int_equal(text_precision((size_t)5 << 30), INT_MAX);
}

/* What printf cannot make is no empty text that went well: a wide character that the C locale has not. */
static void test_printf_refused(void **state)
{
    (void)state;
    struct arena arena = {.blocks = NULL};
    assert_int_equal(arena_printf(&arena, "before %ls", L"\x3b1").size, 0);
    assert_true(arena.failed);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),      cmocka_unit_test(test_ends),
        cmocka_unit_test(test_copy),      cmocka_unit_test(test_printf),
        cmocka_unit_test(test_precision), cmocka_unit_test(test_printf_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
