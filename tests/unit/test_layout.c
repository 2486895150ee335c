/* The layout file: what is read, and each thing that is refused with its line and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "layout/layout.h"

#define COLUMN(rest)                                                                                          \
    "{\"function\":\"f\",\n\"columns\":[\n{\"name\":\"a\",\"type\":\"String\",\"path\":\"after.a\"},\n{" rest \
    "}]}"

static void refuses(const char *json, const char *expected)
{
    char problem[LAYOUT_PROBLEM] = "";
    struct layout *layout = layout_parse("f.json", text_of(json), problem);
    if (layout)
        fail_msg("accepted: %s", json);
    if (!strstr(problem, expected))
        fail_msg("%s\nsays: %s\nnot: %s", json, problem, expected);
    assert_null(strchr(problem, '\n'));
}

static struct layout *accepts(const char *json)
{
    char problem[LAYOUT_PROBLEM] = "";
    struct layout *layout = layout_parse("f.json", text_of(json), problem);
    if (!layout)
        fail_msg("refused: %s: %s", json, problem);
    return layout;
}

static void test_reads_everything(void **state)
{
    (void)state;
    struct layout *layout = accepts(
        "{\"function\":\"myEvent\",\"accept\":{\"op\":[\"c\"],\"after.kind\":[\"x\",\"y\"]},\"columns\":["
        "{\"name\":\"id\",\"type\":\"String\",\"path\":\"after.id\",\"required\":true},"
        "{\"name\":\"at\",\"type\":\"Nullable(DateTime64(3, 'UTC'))\",\"path\":\"after.doc.at\",\"unit\":\"ms\"},"
        "{\"name\":\"day\",\"type\":\"Date32\",\"path\":\"after.doc.days[1].day\"},"
        "{\"name\":\"sum\",\"type\":\"Decimal(10, 2)\",\"path\":\"after.sum\",\"encoding\":\"base64\"},"
        "{\"name\":\"n\",\"type\":\"UInt8\",\"path\":[\"source.n\",\"__n\"],\"lenient\":true,\"default\":7}]}");
    assert_true(text_equal(layout->function, TEXT("myEvent")));
    assert_int_equal(layout->op.count, 1);
    assert_int_equal(layout->accept_count, 1);
    assert_int_equal(layout->accept[0].count, 2);
    assert_int_equal(layout->column_count, 5);
    assert_true(text_equal(layout->json_column, TEXT("doc")));
    const struct column *columns = layout->columns;
    assert_true(columns[0].required && columns[0].paths[0].space == SPACE_ROW);
    assert_true(columns[1].absent.null);
    assert_int_equal(columns[1].as.unit, UNIT_MILLIS);
    assert_int_equal(columns[2].as.unit, UNIT_DAYS);
    assert_int_equal(columns[2].paths[0].count, 5);
    assert_null(columns[2].paths[0].steps[3].name.data);
    assert_int_equal(columns[2].paths[0].steps[3].index, 1);
    assert_true(columns[3].as.base64);
    assert_int_equal(columns[4].path_count, 2);
    assert_int_equal(columns[4].paths[0].space, SPACE_SOURCE);
    assert_int_equal(columns[4].absent.as.natural, 7);
    layout_free(layout);
}

static void test_refuses_the_whole(void **state)
{
    (void)state;
    refuses("", "f.json:1: unexpected end at byte 0");
    refuses("{\n\"function\": 1,,}", "f.json:2: expected a key at byte 16");
    refuses("[]", "f.json:1: an object is expected here");
    refuses("{\"columns\":[]}", "\"function\" is missing");
    refuses("{\"function\":\"f\"}", "\"columns\" is missing");
    refuses("{\"function\":\"f\",\"columns\":[]}", "1 to 1000 columns");
    refuses("{\"function\":\"1f\",\"columns\":[]}", "\"function\" must be a name");
    refuses(
        "{\"function\":\"f\",\n\"colums\":[]}",
        "f.json:2: unknown key \"colums\"; the keys are function, message, metadata_prefix, base64_documents, accept, "
        "accept_missing, exact, key, columns");
    refuses("{\"function\":\"f\",\"function\":\"g\"}", "the key \"function\" appears twice");
    refuses("{\"function\":\"f\",\"accept\":[],\"columns\":[]}", "\"accept\" must be an object");
    refuses("{\"function\":\"f\",\"accept\":{\"op\":\"c\"},\"columns\":[]}", "accept \"op\" must be a list");
    refuses("{\"function\":\"f\",\"accept\":{\"op\":[]},\"columns\":[]}", "accept \"op\" must be a list");
    refuses("{\"function\":\"f\",\"accept\":{\"op\":[1]},\"columns\":[]}",
            "a value must be a non-empty string");
    refuses("{\"function\":\"f\",\"accept\":{\"a..b\":[\"c\"]},\"columns\":[]}", "\"a..b\" is not a path");
    refuses("{\"function\":\"f\",\"accept\":{\"op\":[\"c\"],\"op\":[\"r\"]},\"columns\":[]}",
            "accept \"op\" appears twice");
}

static void test_refuses_a_column(void **state)
{
    (void)state;
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\""), "f.json:4: a column needs \"path\"");
    refuses(COLUMN("\"name\":\"a\",\"type\":\"String\",\"path\":\"b\""), "f.json:4: duplicate column \"a\"");
    refuses(COLUMN("\"name\":\"reason\",\"type\":\"String\",\"path\":\"b\""), "duplicate column \"reason\"");
    refuses(COLUMN("\"name\":\"b c\",\"type\":\"String\",\"path\":\"b\""), "\"name\" must be a name");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Strin\",\"path\":\"b\""),
            "unknown type \"Strin\"; the types are String, Bool");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Decimal(77, 2)\",\"path\":\"b\""),
            "Decimal(P, S) with P to 76");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"DateTime64(10)\",\"path\":\"b\""), "unknown type");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Array(Array(Array(String)))\",\"path\":\"b\""), "unknown type");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Nullable(Array(String))\",\"path\":\"b\""), "unknown type");
    refuses(COLUMN("\"name\":\"b\",\"type\":7,\"path\":\"b\""), "unknown type \"7\"");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"\""), "\"\" is not a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"a[x]\""), "\"a[x]\" is not a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"a[1\""), "is not a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"a[1]b\""), "is not a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"a.\""), "is not a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":[]"), "\"path\" is an empty list");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":[1]"), "\"path\" must be a path");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"b\",\"required\":1"),
            "\"required\" must be true or false");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"b\",\"unit\":\"s\""),
            "\"unit\" is only for Date");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Date\",\"path\":\"b\",\"unit\":\"h\""),
            "\"unit\" must be auto, s, ms, us, ns or days");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"b\",\"encoding\":\"base64\""),
            "\"encoding\" is only for Decimal");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Decimal(9, 2)\",\"path\":\"b\",\"encoding\":\"hex\""),
            "must be base64");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Array(String)\",\"path\":\"b\",\"unit\":\"s\""),
            "\"unit\" is only for Date");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Array(Int64)\",\"path\":\"b\",\"encoding\":\"base64\""),
            "\"encoding\" is only for Decimal");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Decimal(9, 2)\",\"path\":\"b\",\"nan\":true"),
            "\"nan\" is only for Float32");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Float64\",\"path\":\"b\",\"nan\":1"),
            "\"nan\" must be true or false");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Float64\",\"path\":\"b\",\"exact\":\"yes\""),
            "\"exact\" must be true or false");
    refuses(
        COLUMN(
            "\"name\":\"b\",\"type\":\"Float64\",\"path\":\"b\",\"exact\":true,\"default\":0.1234567890123456789"),
        "does not fit Float64");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Array(UInt8)\",\"path\":\"b\",\"default\":[1,256]"),
            "the default [1,256] does not fit Array(UInt8)");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"b\",\"default\":256"),
            "the default 256 does not fit UInt8");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"b\",\"default\":\"\""),
            "does not fit UInt8");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"b\",\"default\":null"),
            "does not fit UInt8");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"Date\",\"path\":\"b\",\"default\":\"soon\""),
            "does not fit Date");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"b\",\"required\":true,\"default\":\"x\""),
            "cannot have a \"default\"");
    refuses(COLUMN("\"name\":\"b\",\"type\":\"String\",\"path\":\"b\",\"nullable\":true"),
            "unknown key \"nullable\"");
}

static void test_fingerprint_tells_files_apart(void **state)
{
    (void)state;
    struct layout *one = accepts(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"b\""));
    struct layout *same = accepts(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"b\""));
    struct layout *other = accepts(COLUMN("\"name\":\"b\",\"type\":\"UInt8\",\"path\":\"c\""));
    assert_true(one->fingerprint == same->fingerprint);
    assert_true(one->fingerprint != other->fingerprint);
    layout_free(one);
    layout_free(same);
    layout_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_everything),
        cmocka_unit_test(test_refuses_the_whole),
        cmocka_unit_test(test_refuses_a_column),
        cmocka_unit_test(test_fingerprint_tells_files_apart),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
