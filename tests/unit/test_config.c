/* The registration, whatever the size of what it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tool/config.h"

static char written[1 << 20];
static size_t written_size;

static bool write_memory(void *context, const char *data, size_t size)
{
    (void)context;
    assert_true(size < sizeof written - written_size);
    memcpy(written + written_size, data, size);
    written_size += size;
    written[written_size] = '\0';
    return true;
}

/* A text of printf's is written whole: a name that is longer than any buffer, in the command. */
static void test_long_names(void **state)
{
    (void)state;
    static const char start[] = "{\"function\":\"",
                      end[] = "\",\"columns\":[{\"name\":\"id\",\"type\":\"String\",\"path\":\"after.id\"}]}";
    enum { SIZE = 100000 };
    static char name[SIZE + 1], problem[LAYOUT_PROBLEM];
    memset(name, 'n', SIZE);
    char json[256];
    snprintf(json, sizeof json, "%slongNames%s", start, end);
    struct layout *layout = layout_parse("long", text_of(json), problem);
    assert_non_null(layout);
    char *names[] = {name};
    const struct config config = {.layouts = &layout,
                                  .names = names,
                                  .count = 1,
                                  .format = format_find("LineAsString"),
                                  .pool_size = 16};
    const struct channel channel = {.write = write_memory};
    struct output out;
    assert_true(output_open(&out, &channel, 0));
    assert_true(config_write(&config, &out));
    output_close(&out);
    layout_free(layout);
    size_t found = 0;
    for (const char *at = written; (at = strchr(at, 'n')); at += strspn(at, "n"))
        found += strspn(at, "n") == SIZE;
    assert_int_equal(found, 1);
    assert_non_null(strstr(written, "longNames"));
    assert_string_equal(written + written_size - 13, "</functions>\n");
    assert_int_equal(strlen(written), written_size); /* nothing but text */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
