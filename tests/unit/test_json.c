/* The strict parse, its faults and their bytes, the nodes, escapes. Linked with each back end in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/simd.h"
#include "json/json.h"
#include "json/json_check.h"

static struct arena arena;
static struct json_parser *parser;

static int set_up(void **state)
{
    (void)state;
    parser = json_parser_new();
    return parser ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_parser_free(parser);
    arena_free(&arena);
    return 0;
}

static char padding = '"'; /* what a document's padding is filled with, and must not matter */

static bool parse(struct text text, unsigned depth, struct json_doc *doc, struct json_fault *fault)
{
    char *copy = arena_alloc(&arena, text.size + JSON_PADDING);
    assert_non_null(copy);
    memcpy(copy, text.data, text.size);
    memset(copy + text.size, padding, JSON_PADDING);
    return json_parse(parser, &arena, (struct text){copy, text.size}, depth, doc, fault);
}

static void accepts(struct text text)
{
    struct json_doc doc;
    struct json_fault fault;
    if (!parse(text, JSON_DEPTH, &doc, &fault))
        fail_msg("%.*s: %s at byte %zu", (int)text.size, text.data, fault.what, fault.byte);
}

static void refuses(struct text text, const char *what, size_t byte)
{
    struct json_doc doc;
    struct json_fault fault;
    if (parse(text, JSON_DEPTH, &doc, &fault))
        fail_msg("%.*s is accepted", (int)text.size, text.data);
    if (strcmp(fault.what, what) != 0 || fault.byte != byte)
        fail_msg("%.*s: %s at byte %zu, not %s at byte %zu", (int)text.size, text.data, fault.what,
                 fault.byte, what, byte);
}

static void test_accepts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        " true ",
        "\r\n\t false",
        "0",
        "-0",
        "-0.0",
        "1e400",
        "-1E-400",
        "1.5e+3",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"\\u0000\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\x7f\"",
        "\"\xC2\x80\"",
        "\"\xED\x9F\xBF\"",
        "\"\xEE\x80\x80\"",
        "\"\xF4\x8F\xBF\xBF\"",
        "[]",
        "{}",
        "[[],{}]",
        "{\"\":{}}",
        "{\"a\":1,\"a\":2}",
        "[1 , 2]",
        "{ \"a\" : [ ] }",
        "\"{\\\"a\\\":1}\"",
        "0.1234567890123456789012345678901234567890123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        accepts(text_of(texts[i]));
}

static void test_names_each_fault(void **state)
{
    (void)state;
    refuses(TEXT(""), "unexpected end", 0);
    refuses(TEXT("  "), "unexpected end", 2);
    refuses(TEXT("\xEF\xBB\xBF{}"), "expected a value", 0);
    refuses(TEXT("[,]"), "expected a value", 1);
    refuses(TEXT("[1,]"), "expected a value", 3);
    refuses(TEXT("{\"a\":}"), "expected a value", 5);
    refuses(TEXT("{\"a\":1"), "unexpected end", 6);
    refuses(TEXT("{\"a\""), "unexpected end", 4);
    refuses(TEXT("["), "unexpected end", 1);
    refuses(TEXT("{"), "unexpected end", 1);
    refuses(TEXT("{1:2}"), "expected a key or }", 1);
    refuses(TEXT("{,}"), "expected a key or }", 1);
    refuses(TEXT("{\"a\":1,}"), "expected a key", 7);
    refuses(TEXT("{\"a\":1,b}"), "expected a key", 7);
    refuses(TEXT("{\"a\" 1}"), "expected :", 5);
    refuses(TEXT("{\"a\":1 \"b\":2}"), "expected , or }", 7);
    refuses(TEXT("{\"a\":1]"), "expected , or }", 6);
    refuses(TEXT("[1 2]"), "expected , or ]", 3);
    refuses(TEXT("[1}"), "expected , or ]", 2);
    refuses(TEXT("{} {}"), "text after the value", 3);
    refuses(TEXT("1 x"), "text after the value", 2);
    refuses(TEXT("1 \0"), "text after the value", 2);
    refuses(TEXT("{}\0"), "text after the value", 2);
    refuses(TEXT("[\0]"), "expected a value", 1);
    refuses(TEXT("nul"), "bad literal", 0);
    refuses(TEXT("[tru]"), "bad literal", 1);
    refuses(TEXT("[truex]"), "expected , or ]", 5);
    refuses(TEXT("012"), "bad number", 0);
    refuses(TEXT("[-]"), "bad number", 1);
    refuses(TEXT("1."), "bad number", 0);
    refuses(TEXT("1e+"), "bad number", 0);
    refuses(TEXT("[1.5.2]"), "expected , or ]", 4);
    refuses(TEXT("-.5"), "bad number", 0);
    refuses(TEXT("+1"), "expected a value", 0);
    refuses(TEXT("\"abc"), "unterminated string", 0);
    refuses(TEXT("[\"a\\\"]"), "unterminated string", 1);
    refuses(TEXT("\"\\u12"), "unterminated string", 0);
    refuses(TEXT("\"a\tb\""), "control character in a string", 2);
    refuses(TEXT("\"a\0b\""), "control character in a string", 2);
    refuses(TEXT("\"\\x\""), "bad escape", 1);
    refuses(TEXT("\"\\u12G4\""), "bad escape", 1);
    refuses(TEXT("\"\\uD800\""), "half a surrogate pair", 1);
    refuses(TEXT("\"a\\uDC00\""), "half a surrogate pair", 2);
    refuses(TEXT("\"\\uD800\\u0041\""), "half a surrogate pair", 1);
    refuses(TEXT("\"\\uD800"), "half a surrogate pair", 1);
    refuses(TEXT("\"\x80\""), "invalid UTF-8", 1);
    refuses(TEXT("\"\xC0\xAF\""), "invalid UTF-8", 1);
    refuses(TEXT("\"a\xE0\x80\x80\""), "invalid UTF-8", 2);
    refuses(TEXT("\"\xED\xA0\x80\""), "invalid UTF-8", 1);
    refuses(TEXT("\"\xF4\x90\x80\x80\""), "invalid UTF-8", 1);
    refuses(TEXT("\"\xE2\x82"), "invalid UTF-8", 1);
    refuses(TEXT("\x80"), "expected a value", 0);
    /* The first fault from the left counts. */
    refuses(TEXT("{\"a\\x\":1,}"), "bad escape", 3);
    refuses(TEXT("[1,,\"\x80\"]"), "expected a value", 3);
}

static void test_nesting(void **state)
{
    (void)state;
    char text[2 * (JSON_DEPTH + 1)];
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    accepts((struct text){text, 2 * JSON_DEPTH});
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    refuses((struct text){text, sizeof text}, "nested deeper than 128", JSON_DEPTH);
}

static void test_nodes(void **state)
{
    (void)state;
    struct json_doc doc;
    struct json_fault fault;
    assert_true(parse(TEXT(" {\"a\" : [1, {\"x\":\"\\n\"}, []] , \"b\\u0062\":\"t\", \"a\":null}"),
                      JSON_DEPTH, &doc, &fault));
    assert_int_equal(doc.count, 8);
    const struct json_node *a = json_member(&doc, doc.nodes, TEXT("a"), &arena);
    assert_non_null(a);
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_true(text_equal(json_raw(&doc, a), TEXT("[1, {\"x\":\"\\n\"}, []]")));
    assert_true(text_equal(json_raw(&doc, json_element(&doc, a, 0)), TEXT("1")));
    const struct json_node *x = json_member(&doc, json_element(&doc, a, 1), TEXT("x"), &arena);
    assert_true(text_equal(json_text(&doc, x, &arena), TEXT("\n")));
    assert_true(text_equal(json_raw(&doc, x), TEXT("\\n")));
    assert_int_equal(json_element(&doc, a, 2)->kind, JSON_ARRAY);
    assert_null(json_element(&doc, a, 3));
    assert_null(json_first(&doc, json_element(&doc, a, 2)));
    assert_true(
        text_equal(json_text(&doc, json_member(&doc, doc.nodes, TEXT("bb"), &arena), &arena), TEXT("t")));
    assert_null(json_member(&doc, doc.nodes, TEXT("c"), &arena));
    assert_null(json_member(&doc, a, TEXT("a"), &arena));
}

static void test_depth_limits_nodes_not_checks(void **state)
{
    (void)state;
    struct json_doc doc;
    struct json_fault fault;
    assert_true(parse(TEXT("{\"a\":{\"b\":{\"c\":[1,2]}},\"d\":1}"), 1, &doc, &fault));
    assert_int_equal(doc.count, 3);
    assert_true(text_equal(json_raw(&doc, &doc.nodes[1]), TEXT("{\"b\":{\"c\":[1,2]}}")));
    assert_ptr_equal(json_after(&doc, doc.nodes, &doc.nodes[1]), &doc.nodes[2]);
    assert_false(parse(TEXT("{\"a\":{\"b\":{\"c\":[1,02]}}}"), 1, &doc, &fault));
    assert_int_equal(fault.byte, 18);
}

static void unescapes(struct text raw, struct text expected)
{
    char *copy = arena_alloc(&arena, raw.size + JSON_PADDING);
    memcpy(copy, raw.data, raw.size);
    memset(copy + raw.size, '\\', JSON_PADDING);
    assert_true(text_equal(json_unescape(&arena, (struct text){copy, raw.size}), expected));
}

static void test_unescape(void **state)
{
    (void)state;
    unescapes(TEXT(""), TEXT(""));
    unescapes(TEXT("plain"), TEXT("plain"));
    unescapes(TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), TEXT("\"\\/\b\f\n\r\t"));
    unescapes(TEXT("a\\u0041\\u00e9\\u20AC\\uD83D\\uDE00b"), TEXT("aA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"
                                                                  "b"));
    unescapes(TEXT("\\u0000"), TEXT("\0"));
    unescapes(TEXT("{\\\"user_id\\\": \\\"a-much-longer-text-than-one-register\\\", \\\"x\\\": [1,2,3]}\\\\"),
              TEXT("{\"user_id\": \"a-much-longer-text-than-one-register\", \"x\": [1,2,3]}\\"));
}

/* Every beginning of a document is none, and the document one, whatever stands behind it. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char paddings[] = {'"',  ':', ',', '}', ']', '{',  '[',
                                    '\\', '1', 'e', '.', ' ', '\0', '\xFF'};
    const struct text text =
        TEXT("{\"a\" : [1, {\"b\\n\":\"c\\\"\", \"d\":{}}, null, -2.5e3 ], \"e\":true} ");
    for (size_t i = 0; i < sizeof paddings; i++) {
        padding = paddings[i];
        accepts(text);
        for (size_t size = 0; size < text.size - 1; size++) {
            struct json_doc doc;
            struct json_fault fault;
            if (parse((struct text){text.data, size}, JSON_DEPTH, &doc, &fault))
                fail_msg("%.*s is accepted before %c", (int)size, text.data, padding);
        }
    }
    padding = '"';
}

/* Escapes at every place of a block, in runs of every length, against a reading of them one by one. */
static void test_blocks(void **state)
{
    (void)state;
    static const char *const ends[] = {"\"", "n", "\\u00e9", "\\uD83D\\uDE00", "x", "\\uDE00"};
    for (size_t before = 0; before < 140; before++) {
        for (size_t run = 1; run < 9; run++) {
            for (size_t end = 0; end < sizeof ends / sizeof *ends; end++) {
                char json[256], expected[256];
                int size = snprintf(json, sizeof json, "\"%*s", (int)before, "");
                int length = snprintf(expected, sizeof expected, "%*s", (int)before, "");
                memset(json + size, '\\', run);
                memset(expected + length, '\\', run / 2);
                length += (int)(run / 2);
                bool odd = run % 2; /* the last one begins an escape, together with the end's first byte */
                size += snprintf(json + size + run, 32, "%s\"", ends[end]) + (int)run;
                static const struct {
                    const char *odd, *even; /* what the end gives; NULL: it is refused */
                } known[] = {{"\"", NULL},
                             {"\n", "n"},
                             {"\\u00e9", "\xC3\xA9"},
                             {"\\uD83D\\uDE00", "\xF0\x9F\x98\x80"},
                             {NULL, "x"},
                             {"\\uDE00", NULL}};
                const char *gives = odd ? known[end].odd : known[end].even;
                if (odd && end == 3)
                    gives = NULL; /* the high half is text, the low half stands alone */
                struct json_doc doc;
                struct json_fault fault;
                assert_int_equal(parse((struct text){json, (size_t)size}, 1, &doc, &fault), gives != NULL);
                if (!gives)
                    continue;
                length += snprintf(expected + length, 32, "%s", gives);
                struct text text = json_text(&doc, doc.nodes, &arena);
                assert_int_equal(text.size, length);
                assert_memory_equal(text.data, expected, text.size);
            }
            arena_reset(&arena);
        }
    }
}

/* Two escapes at any two places of three blocks, at every level of SIMD instructions. */
static void test_two_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *escape, *gives;
    } known[] = {{"\\n", "\n"},
                 {"\\\"", "\""},
                 {"\\\\", "\\"},
                 {"\\u00e9", "\xC3\xA9"},
                 {"\\uD83D\\uDE00", "\xF0\x9F\x98\x80"}};
    const size_t kinds = sizeof known / sizeof *known;
    for (size_t level = 0; level < simd_count(); level++) {
        assert_true(simd_use(simd_name((enum simd_level)level)));
        for (size_t i = 0; i < 130 * 130 * kinds * kinds; i++) {
            size_t before = i % 130, between = i / 130 % 130;
            size_t a = i / 130 / 130 % kinds, b = i / 130 / 130 / kinds;
            if (before + between > 130)
                continue;
            char raw[256], expected[256];
            int size = snprintf(raw, sizeof raw, "%*s%s%*su%s-", (int)before, "", known[a].escape,
                                (int)between, "", known[b].escape);
            int length = snprintf(expected, sizeof expected, "%*s%s%*su%s-", (int)before, "", known[a].gives,
                                  (int)between, "", known[b].gives);
            unescapes((struct text){raw, (size_t)size}, (struct text){expected, (size_t)length});
            if (i % 64 == 0)
                arena_reset(&arena);
        }
    }
    arena_reset(&arena);
    assert_true(simd_use(NULL));
}

/* A list of nodes that is full doubles. Twice 2^31 is 0 in 32 bits: the nodes would be copied into a block of no bytes. */
static void test_more_nodes_than_can_be_counted(void **state)
{
    (void)state;
    struct arena full = {.blocks = NULL};
    struct json_node node;
    struct json_places places = {.depth = 1, .nodes = &node, .count = 1U << 31, .room = 1U << 31};
    struct json_fault fault = {"", 1};
    assert_false(json_check(&full, TEXT("1"), &places, &fault));
    assert_null(fault.what);
    assert_true(full.failed);
    arena_free(&full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_names_each_fault),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_depth_limits_nodes_not_checks),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_two_escapes),
        cmocka_unit_test(test_more_nodes_than_can_be_counted),
    };
    return cmocka_run_group_tests_name("json", tests, set_up, tear_down);
}
