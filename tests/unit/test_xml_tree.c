/* A registration as a tree, and every way in which a file is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tool/xml_tree.h"

/* In a block of its very size, so that a sanitizer sees a read past its end. */
static char *copy_of(const char *xml, size_t size)
{
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, xml, size);
    return copy;
}

/* Parses, and compares the value of the root's first element `a`, or the problem's start. */
static void is_read(const char *xml, const char *expected, bool valid)
{
    struct arena arena = {.blocks = NULL};
    char problem[XML_PROBLEM], *copy = copy_of(xml, strlen(xml));
    const struct xml_node *root = xml_parse(&arena, (struct text){copy, strlen(xml)}, problem);
    if (valid) {
        assert_string_equal(problem, "");
        assert_non_null(root);
        const struct xml_node *child = xml_child(root, "a", NULL);
        assert_non_null(child);
        assert_int_equal(child->value.size, strlen(expected));
        assert_memory_equal(child->value.data, expected, child->value.size);
    } else {
        assert_null(root);
        if (strncmp(problem, expected, strlen(expected)) != 0)
            assert_string_equal(problem, expected);
    }
    free(copy);
    arena_free(&arena);
}

static void test_values(void **state)
{
    (void)state;
    is_read("<r><a>1</a></r>", "1", true);
    is_read("<?xml version=\"1.0\"?>\n<!-- x -->\n<r>\n <a> 1 2\n</a></r>\n<!-- y -->\n", "1 2", true);
    is_read("\xEF\xBB\xBF<r><a/></r>", "", true);
    is_read("<r><b>2</b><a x=\"<>\" y = '1'>3</a ></r >", "3", true);
    is_read("<r><a>a&lt;b&amp;&gt;&quot;&apos;&#65;&#x20AC;&#x1F600;&#xE9;</a></r>",
            "a<b&>\"'A\xE2\x82\xAC\xF0\x9F\x98\x80\xC3\xA9", true);
    is_read("<r><a>1<!-- <b> & --><![CDATA[<&>]]><?x & ?>2</a></r>", "1<&>2", true);
    is_read("<r><a><!--></a></r>--></a></r>", "", true);
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *problem;
    } cases[] = {
        {"", "line 1: an element is expected"},
        {" \n ", "line 2: an element is expected"},
        {"text", "line 1: an element is expected"},
        {"<!DOCTYPE r><r/>", "line 1: a DOCTYPE is not read"},
        {"<r>", "line 1: <r> is not closed: the file was cut"},
        {"<r>\n<a>1</a>", "line 1: <r> is not closed"},
        {"<r>\n<a>1", "line 2: <a> is not closed"},
        {"<r>\n<a>1</b></r>", "line 2: </b> where <a> should be closed"},
        {"<r><a>1</a", "line 1: <a> is not closed"},
        {"<r><a>1</a></r", "line 1: <r> is not closed"},
        {"<r><a>1</a<", "line 1: </a> where <a> should be closed"},
        {"<r><a", "line 1: the tag <a has no end"},
        {"<r><a x>1</a></r>", "line 1: the tag <a has no end"},
        {"<r><a x=1>1</a></r>", "line 1: the tag <a has no end"},
        {"<r><a x=\"1>1</a></r>", "line 1: an attribute has no end"},
        {"<r><!-- a", "line 1: a comment has no end"},
        {"<r><!-- a -- b --></r>", "line 1: a comment contains `--`"},
        {"<r><![CDATA[ </r>", "line 1: CDATA has no end"},
        {"<r><?x </r>", "line 1: an instruction has no end"},
        {"<r>\n\n<a>1 & 2</a></r>", "line 3: `&` does not begin a reference"},
        {"<r>\n& <a></a></r>", "line 2: `&` does not begin a reference"},
        {"<r><a></a>&amp;&</r>", "line 1: `&` does not begin a reference"},
        {"<r><a>&nbsp;</a></r>", "line 1: `&` does not begin a reference"},
        {"<r><a>&#0;</a></r>", "line 1: `&` does not begin a reference"},
        {"<r><a>&#xD800;</a></r>", "line 1: `&` does not begin a reference"},
        {"<r><a>&#x110000;</a></r>", "line 1: `&` does not begin a reference"},
        {"<r><a>&#;</a></r>", "line 1: `&` does not begin a reference"},
        {"<r><a>1 < 2</a></r>", "line 1: `<` does not begin an element"},
        {"<r/><r/>", "line 1: there is text after the end of <r>"},
        {"<r/>text", "line 1: there is text after"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_read(cases[i].xml, cases[i].problem, false);
}

/* A zero byte would end a text of C, and with it what is written. */
static void test_characters(void **state)
{
    (void)state;
    is_read("<r><a>\xC2\xA2\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\t</a></r>",
            "\xC2\xA2\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", true);
    static const char *const none[] = {"\x01",
                                       "\x1F",
                                       "\x80",
                                       "\xC1\xBF",
                                       "\xC2",
                                       "\xE0\x9F\xBF",
                                       "\xED\xA0\x80",
                                       "\xEF\xBF",
                                       "\xF0\x8F\xBF\xBF",
                                       "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80",
                                       "\xFF"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char xml[64];
        snprintf(xml, sizeof xml, "<r>\n<a>%s</a></r>", none[i]);
        is_read(xml, "line 2: the byte 0x", false);
    }
    struct arena arena = {.blocks = NULL};
    char problem[XML_PROBLEM];
    assert_null(xml_parse(&arena, TEXT("<r><!-- \0 --></r>"), problem));
    assert_string_equal(problem, "line 1: the byte 0x00 is not a character that XML allows");
    arena_free(&arena);
}

/* However it is cut, a file is refused. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char xml[] =
        "<?xml version=\"1.0\"?>\n<!-- a -->\n<r><f x=\"1\"><n>a&amp;b</n><![CDATA[c]]><e/></f></r>";
    for (size_t size = 0; size < strlen(xml); size++) {
        struct arena arena = {.blocks = NULL};
        char problem[XML_PROBLEM], *copy = copy_of(xml, size);
        assert_null(xml_parse(&arena, (struct text){copy, size}, problem));
        assert_int_equal(strncmp(problem, "line ", 5), 0);
        free(copy);
        arena_free(&arena);
    }
}

static void test_parts_are_the_file(void **state)
{
    (void)state;
    static const char xml[] = "<r> <!-- 1 --> <f>\n<n>1</n></f>\n\n<f/><g/> </r>";
    struct arena arena = {.blocks = NULL};
    char problem[XML_PROBLEM];
    const struct xml_node *root = xml_parse(&arena, text_of(xml), problem);
    assert_non_null(root);
    const struct xml_node *first = xml_child(root, "f", NULL), *second = xml_child(root, "f", first);
    assert_true(text_equal(first->lead, TEXT(" <!-- 1 --> ")));
    assert_true(text_equal(first->whole, TEXT("<f>\n<n>1</n></f>")));
    assert_true(text_equal(first->inner, TEXT("\n<n>1</n>")));
    assert_true(text_equal(second->lead, TEXT("\n\n")));
    assert_true(text_equal(second->whole, TEXT("<f/>")));
    assert_int_equal(second->inner.size, 0);
    assert_null(xml_child(root, "f", second));
    assert_true(text_equal(xml_child(root, "g", NULL)->lead, TEXT("")));
    assert_true(text_equal(root->whole, text_of(xml)));
    arena_free(&arena);
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static char xml[3 * DEPTH + 1];
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(xml + 3 * i, "<a>", 3);
    is_read(xml, "line 1: elements are nested too deep", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_what_is_none),
                                       cmocka_unit_test(test_characters),
                                       cmocka_unit_test(test_every_cut),
                                       cmocka_unit_test(test_parts_are_the_file),
                                       cmocka_unit_test(test_depth_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
