/* Arguments in, results out, in the three formats: over a channel of memory that gives its bytes in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve.h"
#include "json/json.h"

#define LIMIT ((uint64_t)1 << 20)

struct memory {
    struct text in;
    size_t piece; /* bytes that one read gives, at most; 0: all */
    bool pauses;  /* every read would wait once */
    bool paused;
    char *out;
    size_t size, capacity;
    size_t fails_at;     /* bytes after which writing fails; 0: never */
    size_t size_at_wait; /* bytes that had come out when a read last waited */
};

static ptrdiff_t memory_read(void *context, char *data, size_t size, bool wait)
{
    struct memory *memory = context;
    if (memory->pauses && !wait && !memory->paused) {
        memory->paused = true;
        return READ_WOULD_WAIT;
    }
    if (wait)
        memory->size_at_wait = memory->size;
    memory->paused = false;
    if (memory->piece && size > memory->piece)
        size = memory->piece;
    if (size > memory->in.size)
        size = memory->in.size;
    if (size > 0)
        memcpy(data, memory->in.data, size);
    memory->in = text_from(memory->in, size);
    return (ptrdiff_t)size;
}

static bool memory_write(void *context, const char *data, size_t size)
{
    struct memory *memory = context;
    if (memory->fails_at && memory->size + size > memory->fails_at)
        return false;
    if (memory->size + size > memory->capacity) {
        memory->capacity = 2 * (memory->size + size);
        memory->out = realloc(memory->out, memory->capacity);
        assert_non_null(memory->out);
    }
    memcpy(memory->out + memory->size, data, size);
    memory->size += size;
    return true;
}

static char problem[FORMAT_PROBLEM];

/* Runs a function over memory->in. The output is the caller's to free. */
static bool run(const struct format *format, int kind, const char *path, struct memory *memory,
                uint64_t limit)
{
    static const char json[] =
        "{\"function\": \"f\", \"accept\": {\"op\": [\"c\"]}, \"columns\": ["
        "{\"name\": \"n\", \"type\": \"UInt16\", \"path\": \"after.n\"},"
        "{\"name\": \"s\", \"type\": \"Nullable(String)\", \"path\": \"after.s\"},"
        "{\"name\": \"at\", \"type\": \"Nullable(DateTime64(3, 'UTC'))\", \"path\": \"after.t\"}]}";
    char refusal[LAYOUT_PROBLEM] = "";
    char *copy = calloc(1, sizeof json + JSON_PADDING);
    assert_non_null(copy);
    memcpy(copy, json, sizeof json);
    struct layout *layout = layout_parse("test", (struct text){copy, sizeof json - 1}, refusal);
    free(copy);
    assert_string_equal(refusal, "");
    struct function function;
    assert_true(function_open(&function, &functions[kind],
                              &(struct function_options){.layout = layout, .path = path}));
    struct channel channel = {memory_read, memory_write, memory};
    bool done = serve(&function, format, &channel, limit, problem);
    function_close(&function);
    layout_free(layout);
    return done;
}

/* The whole output for an input in one piece must be `expected`, and so in pieces of any size, with and without pauses. */
static void answers(const struct format *format, int kind, const char *path, struct text in,
                    struct text expected)
{
    for (size_t piece = 0; piece <= 9; piece++) {
        for (int pauses = 0; pauses <= 1; pauses++) {
            struct memory memory = {.in = in, .piece = piece, .pauses = pauses};
            assert_true(run(format, kind, path, &memory, LIMIT));
            assert_string_equal(problem, "");
            assert_int_equal(memory.size, expected.size);
            assert_memory_equal(memory.out, expected.data, expected.size);
            free(memory.out);
        }
    }
}

/* It must end early, with this problem, after this output. */
static void fails(const struct format *format, int kind, const char *path, struct text in,
                  struct text expected, const char *why)
{
    for (size_t piece = 0; piece <= 3; piece++) {
        struct memory memory = {.in = in, .piece = piece};
        assert_false(run(format, kind, path, &memory, LIMIT));
        assert_string_equal(problem, why);
        assert_int_equal(memory.size, expected.size);
        if (expected.size > 0)
            assert_memory_equal(memory.out, expected.data, expected.size);
        free(memory.out);
    }
}

#define MESSAGE                                                                                              \
    "{\"op\":\"c\",\"source\":{},\"after\":{\"n\":258,\"s\":\"\\u0001\\\"x/\\n\",\"t\":1000}}" /* 68 bytes */
#define DELETE "{\"op\":\"d\",\"source\":{},\"after\":null,\"before\":{}}"                     /* 47 bytes */

static void test_lines(void **state)
{
    (void)state;
    answers(
        &format_line, FUNCTION_DECODE, NULL, TEXT(MESSAGE "\n\n" DELETE "\nx\r"),
        TEXT("{\"outcome\":\"event\",\"reason\":\"\",\"n\":258,\"s\":\"\\u0001\\\"x/\\n\","
             "\"at\":\"1970-01-01 00:16:40.000\"}\n"
             "{\"outcome\":\"skipped\",\"reason\":\"tombstone\",\"n\":0,\"s\":null,\"at\":null}\n"
             "{\"outcome\":\"skipped\",\"reason\":\"op d\",\"n\":0,\"s\":null,\"at\":null}\n"
             "{\"outcome\":\"error\",\"reason\":\"not JSON: expected a value at byte 0\",\"n\":0,\"s\":null,"
             "\"at\":null}\n"));
    answers(&format_line, FUNCTION_EXTRACT, "after.s", TEXT(MESSAGE "\n" DELETE "\n"),
            TEXT("\x01\"x/\\n\n\\N\n"));
    answers(&format_line, FUNCTION_EXTRACT, "a", TEXT("{\"a\":\"\\\\ \\t\\u0000\"}"), TEXT("\\\\ \\t\\0\n"));
    answers(&format_line, FUNCTION_TIMESTAMP, NULL, TEXT("0\nno time\n2026-01-02 03:04:05.123456Z"),
            TEXT("1970-01-01 00:00:00.000000\n\\N\n2026-01-02 03:04:05.123456\n"));
    answers(&format_line, FUNCTION_UNNEST, NULL,
            TEXT("x\ty\r\n\n{\"op\":\"c\",\"source\":{},\"after\":{\"p\":\"{\\n\\\"a\\\":1}\"}}"),
            TEXT("x\ty\r\n\n{\"op\":\"c\",\"source\":{},\"after\":{\"p\":{ \"a\":1}}}\n"));
    answers(&format_line, FUNCTION_UNNEST, NULL, TEXT(""), TEXT(""));
}

static void test_row_binary(void **state)
{
    (void)state;
    answers(&format_row_binary, FUNCTION_DECODE, NULL, TEXT("\x44" MESSAGE "\0\x2f" DELETE),
            TEXT("\0\0\x02\x01\0\5\x01\"x/\n\0\x40\x42\x0f\0\0\0\0\0"
                 "\1\x09tombstone\0\0\1\1"
                 "\1\4op d\0\0\1\1"));
    answers(&format_row_binary, FUNCTION_EXTRACT, NULL,
            TEXT("\x0f{\"a\":1,\"b\":\"x\"}\1a"
                 "\x0f{\"a\":1,\"b\":\"x\"}\1c"
                 "\0\0"
                 "\x0f{\"a\":1,\"b\":\"x\"}\1b"),
            TEXT("\0\0011"
                 "\1\1"
                 "\0\1x"));
    answers(&format_row_binary, FUNCTION_EXTRACT, "b", TEXT("\x0f{\"a\":1,\"b\":\"x\"}\2{}"),
            TEXT("\0\1x\1"));
    answers(&format_row_binary, FUNCTION_TIMESTAMP, NULL,
            TEXT("\1"
                 "1\0"),
            TEXT("\0\x40\x42\x0f\0\0\0\0\0\1"));
    answers(&format_row_binary, FUNCTION_UNNEST, NULL, TEXT("\2ab\0"), TEXT("\2ab\0"));
    answers(&format_row_binary, FUNCTION_DECODE, NULL, TEXT(""), TEXT(""));
}

#define HEADER "\7message\6String"

static void test_native(void **state)
{
    (void)state;
    answers(&format_native, FUNCTION_UNNEST, NULL,
            TEXT("\1\2" HEADER "\2ab\0"
                 "\1\1" HEADER "\1c"),
            TEXT("\1\2\6result\6String\2ab\0"
                 "\1\1\6result\6String\1c"));
    answers(&format_native, FUNCTION_TIMESTAMP, NULL, TEXT("\1\2" HEADER "\1z\0011"),
            TEXT("\1\2\6result\x1eNullable(DateTime64(6, 'UTC'))"
                 "\1\0"
                 "\0\0\0\0\0\0\0\0\x40\x42\x0f\0\0\0\0\0"));
    answers(&format_native, FUNCTION_EXTRACT, NULL,
            TEXT("\2\3" HEADER "\2{}\7{\"a\":1}\0\4path\6String\1a\1a\0"),
            TEXT("\1\3\6result\x10Nullable(String)\1\0\1"
                 "\0\0011\0"));
    answers(&format_native, FUNCTION_EXTRACT, "a", TEXT("\1\1" HEADER "\7{\"a\":1}"),
            TEXT("\1\1\6result\x10Nullable(String)\0\0011"));
    /* No row, no answer: a block that has columns only, and one that has nothing. */
    answers(&format_native, FUNCTION_UNNEST, NULL, TEXT("\1\0" HEADER "\0\0"), TEXT(""));
}

static void test_native_tuple(void **state)
{
    (void)state;
    static const char type[] =
        "Tuple(outcome Enum8('event' = 0, 'skipped' = 1, 'error' = 2), reason String, n UInt16, "
        "s Nullable(String), at Nullable(DateTime64(3, 'UTC')))";
    char expected[512];
    size_t size = 0;
    memcpy(expected, "\1\3\6result", 9);
    size += 9;
    expected[size++] = (char)(0x80 | (sizeof type - 1));
    expected[size++] = (sizeof type - 1) >> 7;
    memcpy(expected + size, type, sizeof type - 1);
    size += sizeof type - 1;
    static const char columns[] = "\0\1\1"
                                  "\0\x09tombstone\4op d"
                                  "\2\1\0\0\0\0"
                                  "\0\1\1"
                                  "\5\x01\"x/\n\0\0"
                                  "\0\1\1"
                                  "\x40\x42\x0f\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0";
    memcpy(expected + size, columns, sizeof columns);
    size += sizeof columns;
    answers(&format_native, FUNCTION_DECODE, NULL, TEXT("\1\3" HEADER "\x44" MESSAGE "\0\x2f" DELETE),
            (struct text){expected, size});
}

static void test_broken_input(void **state)
{
    (void)state;
    static const char cut[] = "the input ends in the middle of a row";
    fails(&format_row_binary, FUNCTION_UNNEST, NULL, TEXT("\1a\2b"), TEXT("\1a"), cut);
    fails(&format_row_binary, FUNCTION_UNNEST, NULL, TEXT("\1a\x80"), TEXT("\1a"), cut);
    fails(&format_row_binary, FUNCTION_EXTRACT, NULL, TEXT("\2{}"), TEXT(""), cut);
    fails(&format_row_binary, FUNCTION_UNNEST, NULL, TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"),
          TEXT(""), "the input is not in this format: a length has more than 64 bits");
    fails(&format_native, FUNCTION_UNNEST, NULL, TEXT("\1\2" HEADER "\1a"), TEXT("\1\1\6result\6String\1a"),
          cut);
    fails(&format_native, FUNCTION_UNNEST, NULL, TEXT("\1"), TEXT(""), cut);
    fails(&format_native, FUNCTION_UNNEST, NULL, TEXT("\2\1" HEADER), TEXT(""),
          "a Native block has 2 columns, but this function has 1 argument");
    fails(&format_native, FUNCTION_EXTRACT, NULL, TEXT("\1\1" HEADER), TEXT(""),
          "a Native block has 1 columns, but this function has 2 arguments");
    fails(&format_native, FUNCTION_TIMESTAMP, NULL, TEXT("\1\1\5value\6UInt64\0\0\0\0\0\0\0\0"), TEXT(""),
          "the argument value is of type UInt64: pass a String (toString, assumeNotNull)");
    /* The code of String in place of its name, and all that the server sends before it waits for an answer. */
    fails(
        &format_native, FUNCTION_UNNEST, NULL, TEXT("\1\1\7message\x15\0"), TEXT(""),
        "the types of arguments are in binary: set output_format_native_encode_types_in_binary_format to 0");
    fails(&format_native, FUNCTION_UNNEST, NULL, TEXT("\1\1\xff\xff\x7f"), TEXT(""),
          "the input is not in Native format: a column's name or type is too long");
}

/* Messages over the limit of 20 bytes between others; what is read past is not kept. */
static void limited(const struct format *format, int kind, const char *path, struct text in,
                    struct text expected)
{
    for (size_t piece = 0; piece <= 3; piece++) {
        struct memory memory = {.in = in, .piece = piece};
        assert_true(run(format, kind, path, &memory, 20));
        assert_int_equal(memory.size, expected.size);
        assert_memory_equal(memory.out, expected.data, expected.size);
        free(memory.out);
    }
}

#define LONG "{\"a\":1,\"b\":\"xxxxxxx\"}" /* 21 bytes */
#define REASON "message of 21 bytes is over the limit of 20"

static void test_limit(void **state)
{
    (void)state;
    limited(&format_line, FUNCTION_DECODE, NULL, TEXT("\n" LONG "\n"),
            TEXT("{\"outcome\":\"skipped\",\"reason\":\"tombstone\",\"n\":0,\"s\":null,\"at\":null}\n"
                 "{\"outcome\":\"error\",\"reason\":\"" REASON "\",\"n\":0,\"s\":null,\"at\":null}\n"));
    limited(&format_line, FUNCTION_EXTRACT, "a", TEXT("{\"a\":1}\n" LONG "\n{\"a\":2}\n" LONG),
            TEXT("1\n\\N\n2\n\\N\n"));
    limited(&format_line, FUNCTION_UNNEST, NULL, TEXT("a\n" LONG "\nb\n" LONG),
            TEXT("a\n" LONG "\nb\n" LONG "\n"));
    limited(&format_row_binary, FUNCTION_DECODE, NULL, TEXT("\x15" LONG "\0"),
            TEXT("\2\x2b" REASON "\0\0\1\1"
                 "\1\x09tombstone\0\0\1\1"));
    limited(&format_row_binary, FUNCTION_EXTRACT, NULL,
            TEXT("\x15" LONG "\1a"
                 "\7{\"a\":1}\x15" LONG "\7{\"a\":1}\1a"
                 "\x15" LONG "\x15" LONG),
            TEXT("\1\1\0\0011\1"));
    limited(&format_row_binary, FUNCTION_UNNEST, NULL, TEXT("\x15" LONG "\1a"), TEXT("\x15" LONG "\1a"));
    limited(&format_native, FUNCTION_EXTRACT, NULL,
            TEXT("\2\3" HEADER "\x15" LONG "\7{\"a\":1}\7{\"a\":2}"
                 "\4path\6String\1a\x15" LONG "\1a"),
            TEXT("\1\3\6result\x10Nullable(String)\1\1\0"
                 "\0\0\0012"));
    limited(&format_native, FUNCTION_UNNEST, NULL, TEXT("\1\3" HEADER "\1a\x15" LONG "\1b"),
            TEXT("\1\1\6result\6String\1a"
                 "\1\1\6result\6String\x15" LONG "\1\1\6result\6String\1b"));
}

/* Whatever can be answered is out before a read waits. */
static void test_answers_before_waiting(void **state)
{
    (void)state;
    static const struct {
        const struct format *format;
        struct text in, out;
    } cases[] = {
        {&format_line, TEXT("a\nb\nc"), TEXT("a\nb\n")},
        {&format_row_binary, TEXT("\1a\1b\5c"), TEXT("\1a\1b")},
        /* Of a block there is one answer: its sender is still sending. */
        {&format_native, TEXT("\1\1" HEADER "\1a\1\2" HEADER "\1b\5c"), TEXT("\1\1\6result\6String\1a")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct memory memory = {.in = cases[i].in, .pauses = true};
        (void)run(cases[i].format, FUNCTION_UNNEST, NULL, &memory, LIMIT);
        assert_int_equal(memory.size_at_wait, cases[i].out.size);
        assert_memory_equal(memory.out, cases[i].out.data, cases[i].out.size);
        free(memory.out);
    }
}

static void test_write_fails(void **state)
{
    (void)state;
    struct memory memory = {.in = TEXT("a\nb\n"), .fails_at = 1};
    assert_false(run(&format_line, FUNCTION_UNNEST, NULL, &memory, LIMIT));
    assert_string_equal(problem, "");
    free(memory.out);
}

/* Texts around every size at which the ways of writing and the buffers' ends change, in both binary formats. */
static void test_long_texts(void **state)
{
    (void)state;
    static const size_t sizes[] = {127,    128,     2047,    2048,    2049,   16383,  16384,
                                   32768,  32769,   65536,   262143,  262144, 262145, 524288,
                                   524289, 1048575, 1048576, 1048577, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i], used = 0;
        char *in = malloc(size + 32);
        assert_non_null(in);
        for (size_t left = size; left || used == 0; left >>= 7)
            in[used++] = (char)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
        memset(in + used, 'x', size);
        used += size;
        memcpy(in + used, "\1y", 2);
        used += 2;
        struct memory memory = {.in = {in, used}, .piece = 100000};
        assert_true(run(&format_row_binary, FUNCTION_UNNEST, NULL, &memory, (uint64_t)4 << 20));
        assert_int_equal(memory.size, used);
        assert_memory_equal(memory.out, in, used);
        free(memory.out);
        free(in);
    }
}

static char *write_length(char *at, uint64_t length)
{
    for (; length >= 0x80; length >>= 7)
        *at++ = (char)(length | 0x80);
    *at++ = (char)length;
    return at;
}

static size_t read_length(const char **at)
{
    size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        const unsigned char byte = (unsigned char)*(*at)++;
        length |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return length;
    }
}

/* Rows of one Native block, of `size` bytes but for every 1,000th, which is long: the answer's blocks have them all, in their order; a
 * block may end early, and a row that is long is one alone. */
static void check_blocks(size_t rows, size_t size, size_t blocks)
{
    enum { LONG_TEXT = 40000 };
    static const char head[] = "\7message\6String";
    char *in = malloc(rows * (size + 10) + (rows / 1000 + 1) * LONG_TEXT + 64), *end = in;
    assert_non_null(in);
    *end++ = 1;
    end = write_length(end, rows);
    memcpy(end, head, sizeof head - 1);
    end += sizeof head - 1;
    const char *const texts = end;
    for (size_t i = 0; i < rows; i++) {
        const size_t length = i % 1000 == 500 ? LONG_TEXT : size;
        end = write_length(end, length);
        memset(end, 'a' + (int)(i % 26), length);
        end += length;
    }
    struct memory memory = {.in = {in, (size_t)(end - in)}, .piece = 100000, .pauses = true};
    assert_true(run(&format_native, FUNCTION_UNNEST, NULL, &memory, LIMIT + LONG_TEXT));
    const char *at = memory.out, *expected = texts;
    size_t found = 0;
    for (; at < memory.out + memory.size; blocks--) {
        assert_int_equal(*at++, 1);
        for (size_t left = read_length(&at), first = 1; left > 0; left--, found++, first = 0) {
            if (first) {
                assert_memory_equal(at, "\6result\6String", 14);
                at += 14;
            }
            const char *start = at, *wanted = expected;
            const size_t length = read_length(&at);
            assert_int_equal(length, read_length(&expected));
            assert_memory_equal(start, wanted, (size_t)(at - start) + length);
            at += length;
            expected += length;
        }
    }
    assert_int_equal(found, rows);
    assert_int_equal(blocks, 0);
    free(memory.out);
    free(in);
}

static void test_native_blocks(void **state)
{
    (void)state;
    check_blocks(500, 3, 1);
    check_blocks(1000, 3, 3);    /* one row is long */
    check_blocks(10000, 0, 21);  /* ten are: 11 pieces of at most 1,000 rows between them */
    check_blocks(490, 10000, 3); /* 2 MiB */
    check_blocks(300, 30000, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_row_binary),
        cmocka_unit_test(test_native),        cmocka_unit_test(test_native_tuple),
        cmocka_unit_test(test_native_blocks), cmocka_unit_test(test_broken_input),
        cmocka_unit_test(test_limit),         cmocka_unit_test(test_answers_before_waiting),
        cmocka_unit_test(test_write_fails),   cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
