/* Which name a key is: against comparing it with each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/names.h"

#define MOST 300
#define ROOM 48

static struct arena arena;
static char texts[MOST][ROOM];

static void finds_alike(struct text *names, size_t count)
{
    struct names index;
    assert_true(names_index(&arena, &index, names, count));
    for (size_t i = 0; i < MOST; i++) {
        struct text key = text_of(texts[i]);
        ptrdiff_t first = -1;
        for (size_t j = 0; j < count && first < 0; j++)
            if (names[j].data && text_equal(names[j], key))
                first = (ptrdiff_t)j;
        assert_int_equal(names_find(&index, key), first);
    }
    arena_reset(&arena);
}

/* Names that differ in their size, their first, last or middle bytes alone; every fourth is of no data, as an array's index is. */
static void test_every_kind_of_name(void **state)
{
    (void)state;
    static const char *const kinds[] = {"%zu",
                                        "a%zu",
                                        "%zua",
                                        "aggregate_%zu",
                                        "%zu_aggregate",
                                        "same_head_%zu_same_tail",
                                        "a_long_head_%zu_and_a_long_tail"};
    struct text names[MOST];
    for (size_t i = 0; i < MOST; i++)
        snprintf(texts[i], ROOM, kinds[i % 7], i / 14);
    for (size_t count = 0; count <= MOST; count = count * 2 + 1) {
        for (size_t i = 0; i < count; i++)
            names[i] = i % 4 == 3 ? (struct text){NULL, 0} : text_of(texts[i]);
        finds_alike(names, count);
    }
}

static void test_of_equal_names_the_first(void **state)
{
    (void)state;
    static char once[ROOM] = "payload", again[ROOM] = "payload", empty[ROOM] = "";
    struct text names[] = {text_of(empty), text_of(once), text_of(again)};
    struct names index;
    assert_true(names_index(&arena, &index, names, 3));
    assert_int_equal(names_find(&index, text_of(again)), 1);
    assert_int_equal(names_find(&index, text_of(empty)), 0);
    assert_int_equal(names_find(&index, (struct text){NULL, 0}), -1);
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_name),
        cmocka_unit_test(test_of_equal_names_the_first),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, tear_down);
}
