/* A container's items by its text alone, held against the nodes that json_parse lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json/json_items.h"

static struct arena arena;

/* Compares the items of a container with its nodes, and those of the containers in it. */
static void compare(const struct json_doc *doc, const struct json_node *container)
{
    struct json_items items;
    struct json_item item;
    assert_true(json_items_open(&items, json_raw(doc, container)));
    for (const struct json_node *child = json_first(doc, container); child;
         child = json_after(doc, container, child)) {
        assert_true(json_items_next(&items, &item));
        assert_int_equal(item.kind, child->kind);
        assert_true(text_equal(item.raw, json_raw(doc, child)));
        assert_true(text_equal(json_item_text(&item, &arena), json_text(doc, child, &arena)));
        assert_int_equal(item.key.data != NULL, container->kind == JSON_OBJECT);
        if (item.key.data)
            assert_true(text_equal(json_item_key(&item, &arena), json_key(doc, child, &arena)));
        if (child->kind >= JSON_ARRAY)
            compare(doc, child);
    }
    assert_false(json_items_next(&items, &item));
    assert_false(json_items_next(&items, &item));
}

static void test_items(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[]",
        "{}",
        "[ ]",
        "[1]",
        "[ 1 ,\t-2.5e+3\r\n, true,false ,null, \"\" ,\"a\" ]",
        "[[],{},[[]],[[1],[2,[3]]],{\"a\":{}}]",
        "{\"\":\"\",\"a\":1,\"a\":2, \"b\" : [ ] }",
        "{\"quote\\\"\":\"\\\"\",\"back\\\\\":\"\\\\\",\"\\u0061\":\"\\ud83d\\ude00\"}",
        "[\"]\",\"[\",\"{\",\"}\",\",\",\":\",\"\\\"]\"]",
        "[{\"]}\":\"]}\\\"\\\\\"},[\"]\\\\\"],1]",
        "{\"deep\":[{\"a\":[{\"b\":[\"x\\\"]}\"]}]}],\"next\":0}",
    };
    struct json_parser *const parser = json_parser_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char padded[256] = {0};
        const struct text text = {padded, strlen(texts[i])};
        memcpy(padded, texts[i], text.size);
        struct json_doc doc;
        struct json_fault fault;
        assert_true(json_parse(parser, &arena, text, JSON_DEPTH, &doc, &fault));
        compare(&doc, doc.nodes);
    }
    json_parser_free(parser);
    arena_free(&arena);
}

static void test_what_is_no_container(void **state)
{
    (void)state;
    struct json_items items;
    assert_false(json_items_open(&items, TEXT("")));
    assert_false(json_items_open(&items, TEXT("1")));
    assert_false(json_items_open(&items, TEXT("\"[]\"")));
    assert_false(json_items_open(&items, TEXT("null")));
    assert_false(json_items_open(&items, TEXT("[1] ")));
    assert_false(json_items_open(&items, TEXT("[1}")));
    assert_false(json_items_open(&items, TEXT("{")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_what_is_no_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
