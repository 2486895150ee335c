/* Templates: words, conditions, Distributed tables, views that are there already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tool/template.h"

static void renders(const char *source, const struct words *words, const char *wanted)
{
    struct buffer out = {.data = NULL};
    size_t line;
    assert_true(template_render(text_of(source), words, &out, &line));
    buffer_put(&out, (struct text){"", 1});
    assert_false(out.failed);
    assert_string_equal(out.data, wanted);
    free(out.data);
}

static void refuses(const char *source, size_t where)
{
    struct buffer out = {.data = NULL};
    struct words words = {.count = 0};
    size_t line;
    assert_false(template_render(text_of(source), &words, &out, &line));
    assert_int_equal(line - 1, where);
    free(out.data);
}

static void test_words(void **state)
{
    (void)state;
    struct words words = {.count = 0};
    words_set(&words, "database", TEXT("shop"));
    words_set(&words, "empty", TEXT(""));
    renders("{database}.x {file:String} {unknown} {empty}|{", &words, "shop.x {file:String} {unknown} |{\n");
    words_set(&words, "database", TEXT("other"));
    renders("{database}\n\n", &words, "other\n\n");
}

static void test_conditions(void **state)
{
    (void)state;
    struct words words = {.count = 0};
    words_set(&words, "yes", TEXT("1"));
    words_set(&words, "no", TEXT(""));
    renders("a\n--| if yes\nb\n--| if not no\nc\n--| if no\nd\n--| end\n--| end\n--| end\n--| if never\ne\n--| end\nf\n", &words,
            "a\nb\nc\nf\n");
    refuses("a\n--| if yes\n", 2);
    refuses("--| end\n", 1);
    refuses("a\n--| unless yes\n", 2);
}

static void test_distributed(void **state)
{
    (void)state;
    struct words words = {.count = 0};
    const char *source = "--| distributed t by a, {key}\nx;\n";
    words_set(&words, "key", TEXT("b"));
    renders(source, &words, "x;\n");
    words_set(&words, "cluster", TEXT("c"));
    words_set(&words, "storage", TEXT("c"));
    words_set(&words, "database", TEXT("d"));
    renders(source, &words, "CREATE OR REPLACE TABLE d.t AS c.t\nENGINE = Distributed('c', 'c', 't', cityHash64(a, b));\n\nx;\n");
}

static void test_views(void **state)
{
    (void)state;
    struct words words = {.count = 0};
    renders("-- A view.\nCREATE MATERIALIZED VIEW IF NOT EXISTS d.v\nTO d.t AS\nSELECT ';';\n\nSELECT 1;\n", &words,
            "-- A view.\nCREATE MATERIALIZED VIEW IF NOT EXISTS d.v\nTO d.t AS\nSELECT ';';\n"
            "\nALTER TABLE d.v MODIFY QUERY\nSELECT ';';\n\nSELECT 1;\n");
    renders("CREATE MATERIALIZED VIEW IF NOT EXISTS d.v\nREFRESH DEPENDS ON d.a\nTO d.t AS\nSELECT 1;\n", &words,
            "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v\nREFRESH DEPENDS ON d.a\nTO d.t AS\nSELECT 1;\n"
            "\nALTER TABLE d.v MODIFY QUERY\nSELECT 1;\n");
    renders("CREATE TABLE IF NOT EXISTS d.t\nTO x AS\nSELECT 1;\n", &words, "CREATE TABLE IF NOT EXISTS d.t\nTO x AS\nSELECT 1;\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_distributed),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
