/* Elements of a server's settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tool/xml.h"

/* In a block of its very size, so that a sanitizer sees a read past its end. */
static struct text copy_of(const char *xml)
{
    size_t size = strlen(xml);
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, xml, size);
    return (struct text){copy, size};
}

static void is_value(const char *xml, const char *name, const char *expected)
{
    struct text text = copy_of(xml), value = xml_value(text, name);
    if (!expected) {
        assert_null(value.data);
    } else {
        assert_non_null(value.data);
        assert_int_equal(value.size, strlen(expected));
        assert_memory_equal(value.data, expected, value.size);
    }
    free((void *)(uintptr_t)text.data);
}

static void test_values(void **state)
{
    (void)state;
    is_value("<a>1</a>", "a", "1");
    is_value("<a>\n  1 2\t</a>", "a", "1 2");
    is_value("<a></a>", "a", "");
    is_value("<a/><b>2</b>", "b", "2");
    is_value("<ab>1</ab><a_b>2</a_b><a2>3</a2><a>4</a>", "a", "4");
    is_value("<a from=\"x\">1</a>", "a", "1");
    is_value("<a>1<b>2</b></a>", "a", "1");
    is_value("<b>2</b>", "a", NULL);
    is_value("", "a", NULL);
    is_value("<", "a", NULL);
    is_value("<a", "a", NULL);
    is_value("<a ", "a", NULL);
    is_value("<a>", "a", "");
    is_value("<a>1", "a", "1");
    is_value("<a>1</a", "a", "1");
}

static void test_elements(void **state)
{
    (void)state;
    struct text xml = copy_of("<f><n>1</n></f><f><n>2</n></f>");
    struct text first = xml_element(xml, "f");
    assert_int_equal(first.size, strlen("<n>1</n>"));
    struct text rest = text_from(xml, (size_t)(first.data + first.size - xml.data));
    struct text second = xml_value(xml_element(rest, "f"), "n");
    assert_int_equal(second.size, 1);
    assert_int_equal(second.data[0], '2');
    free((void *)(uintptr_t)xml.data);
}

static void test_comments(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"a<!--b-->c", "a        c"},
        {"<!---->", "       "},
        {"<!--><a>", "        "},
        {"<!-- <a>", "        "},
        {"<!-", "<!-"},
        {"", ""},
        {"a-->b", "a-->b"},
        {"<!--a--><!--b-->c", "                c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text xml = copy_of(cases[i].before);
        xml_blank_comments((char *)(uintptr_t)xml.data, xml.size);
        assert_memory_equal(xml.data, cases[i].after, xml.size);
        free((void *)(uintptr_t)xml.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_elements),
                                       cmocka_unit_test(test_comments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
