/* The decoder and the queries on what the fixtures do not hold: rules about shapes, documents and columns, one line each. The
 * whole contract is held by the tables in tests/golden and the second reading in tests/reference.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "function/query.h"
#include "json/json.h"

#define AFTER(rest) "{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":\"x\"," rest "}}"

static struct layout *layout;
static struct decoder *decoder;

static const char LAYOUT[] =
    "{\"function\":\"f\",\"accept\":{\"op\":[\"c\",\"d\"],\"after.kind\":[\"x\"]},\"columns\":["
    "{\"name\":\"id\",\"type\":\"UInt32\",\"path\":\"after.id\",\"required\":true},"
    "{\"name\":\"user\",\"type\":\"String\",\"path\":\"after.doc.user\"},"
    "{\"name\":\"at\",\"type\":\"DateTime64(6, 'UTC')\",\"path\":\"after.at\"},"
    "{\"name\":\"n\",\"type\":\"UInt8\",\"path\":[\"source.n\",\"__n\"],\"lenient\":true,\"default\":9}]}";

static int set_up(void **state)
{
    (void)state;
    char problem[LAYOUT_PROBLEM];
    layout = layout_parse("f.json", TEXT(LAYOUT), problem);
    decoder = layout ? decoder_new(layout) : NULL;
    return decoder ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    decoder_free(decoder);
    layout_free(layout);
    return 0;
}

static struct text padded(const char *message)
{
    static char copy[16384];
    size_t size = strlen(message);
    assert_true(size + JSON_PADDING < sizeof copy);
    memset(copy, '}', sizeof copy);
    memcpy(copy, message, size);
    return (struct text){copy, size};
}

static const struct row *row_of(const char *message)
{
    return decode(decoder, padded(message));
}

/* The reason of a message that is refused by its form goes on with advice. */
static bool is_reason(struct text reason, const char *expected)
{
    return strcmp(expected, "unknown shape: ") == 0 ? text_starts(reason, text_of(expected))
                                                    : text_equal(reason, text_of(expected));
}

static void becomes(const char *message, enum outcome outcome, const char *reason)
{
    const struct row *row = row_of(message);
    if (row->outcome != outcome || !is_reason(row->reason, reason))
        fail_msg("%s\n%d \"%.*s\", not %d \"%s\"", message, (int)row->outcome, (int)row->reason.size,
                 row->reason.data ? row->reason.data : "", (int)outcome, reason);
}

static void test_shapes(void **state)
{
    (void)state;
    becomes("", OUTCOME_SKIPPED, "tombstone");
    becomes(" null ", OUTCOME_SKIPPED, "tombstone");
    becomes("{\"schema\":{},\"payload\":null}", OUTCOME_SKIPPED, "tombstone");
    becomes("{\"ts_ms\":1}", OUTCOME_SKIPPED, "heartbeat");
    becomes("{\"schema\":null,\"payload\":{\"ts_ms\":1}}", OUTCOME_SKIPPED, "heartbeat");
    becomes("{\"id\":1,\"status\":2,\"ts_ms\":3,\"event_count\":4,\"data_collections\":5}", OUTCOME_SKIPPED,
            "transaction");
    becomes("{}", OUTCOME_ERROR, "unknown shape: ");
    becomes("{\"op\":\"c\"}", OUTCOME_ERROR, "unknown shape: ");
    becomes("{\"op\":\"c\",\"source\":1}", OUTCOME_ERROR, "unknown shape: ");
    becomes("[]", OUTCOME_ERROR, "not an object");
    becomes("7", OUTCOME_ERROR, "not an object");
    becomes("\"{\\\"other\\\":1}\"", OUTCOME_ERROR, "not an object");
    becomes("{", OUTCOME_ERROR, "not JSON: unexpected end at byte 1");
    becomes("{\"op\":\"x\",\"source\":{}}", OUTCOME_SKIPPED, "op x");
    becomes("{\"op\":null,\"source\":{}}", OUTCOME_SKIPPED, "op null");
    becomes("{\"op\":\"c\",\"source\":{}}", OUTCOME_ERROR, "after: missing");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":null}", OUTCOME_ERROR, "after: missing");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":[]}", OUTCOME_ERROR, "after: not an object");
    becomes("{\"op\":\"d\",\"source\":{},\"after\":{}}", OUTCOME_ERROR, "before: missing");
    becomes("{\"op\":\"c\",\"source.n\":1}", OUTCOME_ERROR, "after: missing");
}

static void test_router_value(void **state)
{
    (void)state;
    const char *const forms[] = {"{\"user\":\"u\"}", "\"{\\\"user\\\":\\\"u\\\"}\"",
                                 "{\"schema\":1,\"payload\":{\"user\":\"u\"}}",
                                 "{\"schema\":1,\"payload\":\"{\\\"user\\\":\\\"u\\\"}\"}"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        becomes(forms[i], OUTCOME_EVENT, "");
        assert_true(text_equal(row_of(forms[i])->values[1].as.text, TEXT("u")));
    }
}

/* The row's required columns are none of a router value's, but of all other messages. */
static void test_router_values_are_of_a_known_shape(void **state)
{
    (void)state;
    struct decoder *fresh = decoder_new(layout);
    assert_non_null(fresh);
    for (int i = 0; i < 10; i++) {
        char message[64];
        snprintf(message, sizeof message, "{\"user\":\"%d\"}", i);
        const struct row *row = decode(fresh, padded(message));
        assert_int_equal(row->outcome, OUTCOME_EVENT);
        assert_int_equal(row->values[0].as.integer, 0);
        assert_int_equal(*row->values[1].as.text.data, '0' + i);
    }
    assert_true(decoder_shape_counts(fresh).hits >= 8);
    for (int i = 0; i < 4; i++) {
        const struct row *row = decode(fresh, padded(AFTER("\"doc\":{\"user\":\"u\"}")));
        assert_int_equal(row->outcome, OUTCOME_ERROR);
        assert_true(text_equal(row->reason, TEXT("after.id: missing")));
    }
    decoder_free(fresh);
}

static void test_rules(void **state)
{
    (void)state;
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{}}", OUTCOME_SKIPPED, "kind missing");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":\"\"}}", OUTCOME_SKIPPED, "kind missing");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":null}}", OUTCOME_SKIPPED, "kind missing");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":\"y\"}}", OUTCOME_SKIPPED, "kind y");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":7}}", OUTCOME_SKIPPED, "kind 7");
    becomes("{\"op\":\"c\",\"source\":{},\"after\":{\"kind\":\"y\",\"kind\":\"x\"}}", OUTCOME_SKIPPED,
            "kind y");
}

static void test_columns(void **state)
{
    (void)state;
    becomes(AFTER("\"id\":1"), OUTCOME_EVENT, "");
    becomes(AFTER("\"id\":null"), OUTCOME_ERROR, "after.id: missing");
    becomes(AFTER("\"id\":\"\""), OUTCOME_ERROR, "after.id: missing");
    becomes(AFTER("\"id\":4294967296"), OUTCOME_ERROR, "after.id: 4294967296 does not fit UInt32");
    becomes(AFTER("\"id\":\"a\\nb\""), OUTCOME_ERROR, "after.id: a\nb does not fit UInt32");
    becomes(AFTER("\"id\":[1, 2]"), OUTCOME_ERROR, "after.id: [1, 2] does not fit UInt32");
    becomes(AFTER("\"id\":1,\"at\":\"__debezium_unavailable_value\""), OUTCOME_ERROR,
            "after.at: __debezium_unavailable_value");
    becomes(AFTER("\"id\":1,\"at\":9223372036825200"), OUTCOME_ERROR,
            "after.at: 9223372036825200 does not fit DateTime64(6, 'UTC')");
    /* A value in a reason is cut at a character. */
    becomes(AFTER("\"id\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xC3\xA9\""),
            OUTCOME_ERROR,
            "after.id: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx does not fit UInt32");
    /* Without a row image of its own type, a lenient column takes its default; the first path that is present wins. */
    assert_int_equal(row_of(AFTER("\"id\":1"))->values[3].as.natural, 9);
    assert_int_equal(
        row_of("{\"op\":\"c\",\"source\":{\"n\":\"x\"},\"__n\":3,\"after\":{\"kind\":\"x\",\"id\":1}}")
            ->values[3]
            .as.natural,
        9);
    assert_int_equal(
        row_of("{\"op\":\"c\",\"source\":{\"n\":null},\"__n\":3,\"after\":{\"kind\":\"x\",\"id\":1}}")
            ->values[3]
            .as.natural,
        3);
    assert_int_equal(
        row_of("{\"op\":\"d\",\"source\":{},\"before\":{\"kind\":\"x\",\"id\":5}}")->values[0].as.natural, 5);
}

static void test_documents(void **state)
{
    (void)state;
    becomes(AFTER("\"id\":1,\"doc\":\"\""), OUTCOME_EVENT, "");
    becomes(AFTER("\"id\":1,\"doc\":\"not json\""), OUTCOME_ERROR, "after.doc: bad literal at byte 0");
    becomes(AFTER("\"id\":1,\"doc\":\"{\\\"user\\\":\\\"cut\""), OUTCOME_ERROR,
            "after.doc: unterminated string at byte 8");
    becomes(AFTER("\"id\":1,\"doc\":\"\\\"plain\\\"\""), OUTCOME_ERROR,
            "after.doc: expected a value at byte 0");
    becomes(AFTER("\"id\":\"x\",\"doc\":\"{\""), OUTCOME_ERROR, "after.doc: unexpected end at byte 1");
    becomes(AFTER("\"id\":1,\"doc\":\"__debezium_unavailable_value\""), OUTCOME_ERROR,
            "after.doc: __debezium_unavailable_value");
    const char *const forms[] = {
        AFTER("\"id\":1,\"doc\":{\"user\":\"u\"}"), AFTER("\"id\":1,\"doc\":\"{\\\"user\\\":\\\"u\\\"}\""),
        AFTER("\"id\":1,\"doc\":\"\\\"{\\\\\\\"user\\\\\\\":\\\\\\\"u\\\\\\\"}\\\"\"")};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_true(text_equal(row_of(forms[i])->values[1].as.text, TEXT("u")));
    assert_int_equal(row_of(AFTER("\"id\":1,\"doc\":[1]"))->values[1].as.text.size, 0);
}

static void test_shapes_are_learned_and_left(void **state)
{
    (void)state;
    struct shape_counts before = decoder_shape_counts(decoder);
    for (int i = 0; i < 10; i++) {
        char message[256];
        snprintf(message, sizeof message,
                 AFTER("\"id\":%d,\"doc\":\"{\\\"user\\\":\\\"%d\\\"}\",\"more\":[%d,[]]"), i, i, i);
        const struct row *row = row_of(message);
        assert_int_equal(row->outcome, OUTCOME_EVENT);
        assert_int_equal(row->values[0].as.integer, i);
        assert_int_equal(*row->values[1].as.text.data, '0' + i);
    }
    assert_true(decoder_shape_counts(decoder).hits >= before.hits + 8);
    becomes("{\"op\":\"x\",\"source\":{},\"after\":{\"kind\":\"x\",\"id\":1}}", OUTCOME_SKIPPED, "op x");
    becomes(AFTER("\"id\":1,\"doc\":\"{\\\"user\\\":\\\"\\u0001\\\"}\",\"more\":[1,[]]"), OUTCOME_ERROR,
            "after.doc: control character in a string at byte 9");
}

static struct query *query;

static void extracts(const char *message, const char *path, const char *expected)
{
    struct text answer;
    bool found = query_extract(query, padded(message), text_of(path), &answer);
    if (found != (expected != NULL) || (found && !text_equal(answer, text_of(expected))))
        fail_msg("%s of %s: %.*s", path, message, found ? (int)answer.size : 4, found ? answer.data : "NULL");
}

static void unnests(const char *message, const char *expected)
{
    struct text answer = query_unnest(query, padded(message));
    if (!text_equal(answer, text_of(expected)))
        fail_msg("%s: %.*s", message, (int)answer.size, answer.data);
}

static void test_queries(void **state)
{
    (void)state;
    query = query_new(&(struct query_options){.count = 0});
    assert_non_null(query);
    const char *envelope =
        "{\"op\":\"c\",\"source\":{\"n\":1},\"after\":{\"payload\":\"{\\\"a\\\":[1,{\\\"b\\\":\\\"\\\\u0041\\\"}]}\",\"s\":\"42\"}}";
    extracts(envelope, "after.payload.a[1].b", "A");
    extracts(envelope, "after.payload.a", "[1,{\"b\":\"\\u0041\"}]");
    extracts(envelope, "source.n", "1");
    extracts(envelope, "after.payload.a[2]", NULL);
    extracts(envelope, "after..a", NULL);
    extracts("{\"a\":null}", "a", NULL);
    extracts("not JSON", "a", NULL);
    extracts("{\"id\":1,\"payload\":{\"x\":true}}", "after.payload.x", "true");
    extracts("{\"op\":\"c\",\"source.n\":1,\"after.payload\":\"{\\\"x\\\":2}\"}", "after.payload.x", "2");
    extracts("{\"x\":3}", "after.payload.x", "3");
    extracts("{\"schema\":1,\"payload\":{\"op\":\"d\",\"source\":{},\"before\":{\"k\":4}}}", "after.k", "4");
    unnests(
        envelope,
        "{\"op\":\"c\",\"source\":{\"n\":1},\"after\":{\"payload\":{\"a\":[1,{\"b\":\"\\u0041\"}]},\"s\":\"42\"}}");
    unnests("{\"op\":\"c\",\"source\":{\"x\":\"{}\"},\"after\":{\"p\":\"{\\\"q\\\":\\\"[1]\\\"}\"}}",
            "{\"op\":\"c\",\"source\":{\"x\":\"{}\"},\"after\":{\"p\":{\"q\":[1]}}}");
    unnests("not JSON", "not JSON");
    unnests("", "");
    query_free(query);
}

/* An array where paths lead on is no value of a column, yet it may stand for one that was left out. */
static void test_array_left_out_beside_others(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        becomes("{\"kind\":\"x\",\"id\":1,\"doc\":[\"none\"],\"__op\":\"c\"}", OUTCOME_EVENT, "");
    becomes("{\"kind\":\"x\",\"id\":1,\"doc\":[\"__debezium_unavailable_value\"],\"__op\":\"c\"}",
            OUTCOME_ERROR, "after.doc: __debezium_unavailable_value");
}

/* The member by which a router value is known decides, whatever the order of the others. */
static void test_router_value_without_a_known_member(void **state)
{
    (void)state;
    char problem[LAYOUT_PROBLEM];
    struct layout *one = layout_parse(
        "f.json",
        TEXT(
            "{\"function\":\"f\",\"columns\":[{\"name\":\"user\",\"type\":\"String\",\"path\":\"after.doc.user\"}]}"),
        problem);
    struct decoder *router = one ? decoder_new(one) : NULL;
    assert_non_null(router);
    for (int i = 0; i < 8; i++) {
        const char *known = i % 2 ? "\"{\\\"user\\\":\\\"u\\\",\\\"items\\\":[1]}\""
                                  : "\"{\\\"items\\\":[1],\\\"user\\\":\\\"u\\\"}\"";
        assert_int_equal(decode(router, padded(known))->outcome, OUTCOME_EVENT);
    }
    assert_true(decoder_shape_counts(router).hits > 0);
    assert_int_equal(decode(router, padded("\"{\\\"items\\\":[1]}\""))->outcome, OUTCOME_ERROR);
    decoder_free(router);
    layout_free(one);
}

/* A rule looks at the base64, a column takes what it stands for: the second message must answer as the first does. */
static void test_a_rule_and_a_column_on_base64(void **state)
{
    (void)state;
    char problem[LAYOUT_PROBLEM];
    struct layout *one =
        layout_parse("f.json",
                     TEXT("{\"function\":\"f\",\"base64_documents\":[\"after.doc\"],"
                          "\"accept\":{\"after.doc\":[\"eyJuIjoxfQ==\"]},"
                          "\"columns\":[{\"name\":\"doc\",\"type\":\"String\",\"path\":\"after.doc\"}]}"),
                     problem);
    struct decoder *fresh = one ? decoder_new(one) : NULL;
    assert_non_null(fresh);
    for (int i = 0; i < 4; i++) {
        const struct row *row =
            decode(fresh, padded("{\"op\":\"c\",\"source\":{},\"after\":{\"doc\":\"eyJuIjoxfQ==\"}}"));
        assert_int_equal(row->outcome, OUTCOME_EVENT);
        assert_true(text_equal(row->values[0].as.text, TEXT("{\"n\":1}")));
    }
    decoder_free(fresh);
    layout_free(one);
}

/* A router value in the string of a wrapping, which a path of the message opens once more: its members are listed all the same. */
static void test_router_value_that_is_opened_twice(void **state)
{
    (void)state;
    char problem[LAYOUT_PROBLEM];
    struct layout *one = layout_parse(
        "f.json",
        TEXT("{\"function\":\"f\",\"columns\":[{\"name\":\"a\",\"type\":\"String\",\"path\":\"extra[0]\"},"
             "{\"name\":\"b\",\"type\":\"Int64\",\"path\":\"after.doc.user.id\"},"
             "{\"name\":\"more\",\"type\":\"Array(String)\",\"path\":\"unmapped\"}]}"),
        problem);
    struct decoder *router = one ? decoder_new(one) : NULL;
    assert_non_null(router);
    for (int i = 0; i < 8; i++) {
        const struct row *row =
            decode(router, padded("{\"schema\":{},\"payload\":\"{\\\"new\\\":\\\"1\\\",\\\"user\\\":[]}\"}"));
        assert_int_equal(row->outcome, OUTCOME_EVENT);
        assert_int_equal(row->values[2].as.array.count, 1);
    }
    decoder_free(router);
    layout_free(one);
}

/* What was noted of the first messages, or never, is not taken for what a message holds whose number is theirs in 32 bits. */
static void test_more_messages_than_32_bits_count(void **state)
{
    (void)state;
    const char *full = "{\"kind\":\"x\",\"id\":1,\"doc\":{\"user\":\"u\"},\"__n\":5,\"__op\":\"c\"}";
    struct decoder *long_lived = decoder_new(layout);
    assert_non_null(long_lived);
    assert_true(decoder_use_shapes(long_lived, false));
    for (int i = 0; i < 8; i++)
        assert_int_equal(decode(long_lived, padded(full))->values[3].as.natural, 5);
    decoder_count_from(long_lived, UINT32_MAX - 4);
    for (int i = 0; i < 16; i++) {
        const struct row *row = decode(long_lived, padded("{\"kind\":\"x\",\"id\":2,\"__op\":\"c\"}"));
        assert_int_equal(row->outcome, OUTCOME_EVENT);
        assert_int_equal(row->values[0].as.natural, 2);
        assert_int_equal(row->values[1].as.text.size, 0);
        assert_int_equal(row->values[3].as.natural, 9);
    }
    decoder_free(long_lived);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_router_value),
        cmocka_unit_test(test_router_values_are_of_a_known_shape),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_shapes_are_learned_and_left),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_more_messages_than_32_bits_count),
        cmocka_unit_test(test_array_left_out_beside_others),
        cmocka_unit_test(test_router_value_without_a_known_member),
        cmocka_unit_test(test_a_rule_and_a_column_on_base64),
        cmocka_unit_test(test_router_value_that_is_opened_twice),
    };
    return cmocka_run_group_tests_name("decode", tests, set_up, tear_down);
}
