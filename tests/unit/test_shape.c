/* The fast path never changes an answer: every message is decoded by a decoder that learns shapes and by one that does not, and
 * the rows are compared. The messages are the fixtures, those of outbox_messages.h, and what random and adversarial changes make of
 * both: shapes that change all the time, values that look like literals, keys renamed at equal length, escapes added, quotes moved,
 * members doubled.
 *
 *     SEED=n ROUNDS=n build/tests/test_shape      again, or for longer (tests/fuzz/run.sh) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "json/json.h"
#include "outbox_messages.h"
#include "base/simd.h"

#define MESSAGES_MOST 4096
#define MESSAGE_ROOM ((size_t)64 << 10)
#define ROUNDS 150000

static char *files[16]; /* what the messages below lie in */
static size_t file_count;
static struct text messages[MESSAGES_MOST];
static size_t message_count;
static struct layout *layout;

static char *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        fail_msg("%s cannot be read; run from the project's root", name);
    size_t room = (size_t)4 << 20;
    char *data = malloc(room);
    *size = fread(data, 1, room, file);
    fclose(file);
    files[file_count++] = data;
    return data;
}

static void add_messages(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/debezium/%s.ndjson", name);
    size_t size;
    char *data = read_file(path, &size);
    for (char *line = data, *end = data + size; line < end && message_count < MESSAGES_MOST;) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = newline ? (size_t)(newline - line) : (size_t)(end - line);
        if (length + 256 < MESSAGE_ROOM)
            messages[message_count++] = (struct text){line, length};
        line += length + 1;
    }
}

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {
        "bare.public.outbox",   "bare.public.outbox_text", "schema.public.outbox",
        "unwrap.public.outbox", "flat.public.outbox",      "router.event",
        "routerexpand.event",   "bare.transaction",        "schema.public.outbox_text"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_messages(names[i]);
    size_t size;
    char problem[LAYOUT_PROBLEM];
    char *file = read_file("udf/experiment_event.json", &size);
    layout = layout_parse("experiment_event.json", (struct text){file, size}, problem);
    return layout ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    layout_free(layout);
    while (file_count > 0)
        free(files[--file_count]);
    return 0;
}

struct change {
    char text[MESSAGE_ROOM + JSON_PADDING];
    size_t size;
};

static void replace(struct change *change, size_t at, size_t cut, struct text with)
{
    if (cut > change->size - at)
        cut = change->size - at;
    if (change->size - cut + with.size > MESSAGE_ROOM)
        return;
    memmove(change->text + at + with.size, change->text + at + cut, change->size - at - cut);
    if (with.size)
        memcpy(change->text + at, with.data, with.size);
    change->size = change->size - cut + with.size;
}

/* A place where something interesting begins: behind a random quote, comma, colon or bracket. */
static size_t interesting_place(const struct change *change)
{
    size_t at = random_below(change->size);
    for (size_t tries = 0; tries < 64 && at < change->size; tries++, at++)
        if (strchr("\",:{}[]\\", change->text[at]) && change->text[at])
            return at + random_below(2);
    return random_below(change->size);
}

static void change_once(struct change *change)
{
    static const char *const pieces[] = {
        "\"",
        "\\\"",
        "\\",
        "\\\\",
        ",",
        ":",
        "{}",
        "[]",
        "null",
        "true",
        "0",
        "-",
        "01",
        "1e2",
        "7.0",
        " ",
        "\n",
        "\\n",
        "\\u0041",
        "\\ud800",
        "\xC3\xA9",
        "\xC3",
        "\x01",
        "\",\"op\":\"d\",\"x\":\"",
        "\",\"op\":\"c\",\"x\":\"",
        "\\\",\\\"user_id\\\":\\\"eve\\\",\\\"x\\\":\\\"",
        "\"payload\":",
        "\"before\":null,",
        "\"op\":\"c\",",
        "\"schema\":1,",
        "\\\"value\\\":1,",
        "__debezium_unavailable_value",
        "\\\"properties\\\":{},",
        "\"aggregate_type\":\"other\",",
        "\"source\":{},",
        "x",
        "\"__deleted\":\"true\",",
        "\\\"experiment_id\\\": 4294967296, ",
        "other",
        "}",
        "{",
    };
    struct text piece = text_of(pieces[random_below(sizeof pieces / sizeof *pieces)]);
    size_t at = interesting_place(change);
    switch (random_below(11)) {
    case 0: /* something added */
        replace(change, at, 0, piece);
        break;
    case 1: /* something put in place of as much */
        replace(change, at, piece.size, piece);
        break;
    case 2: /* something cut out */
        replace(change, at, 1 + random_below(12), (struct text){NULL, 0});
        break;
    case 3: { /* a part doubled: a member that is there twice, mostly not */
        char copy[128];
        size_t from = interesting_place(change), size = random_below(sizeof copy);
        if (size > change->size - from)
            size = change->size - from;
        memcpy(copy, change->text + from, size);
        replace(change, at, 0, (struct text){copy, size});
        break;
    }
    case 4: /* one byte another */
        if (change->size)
            change->text[random_below(change->size)] ^= (char)(1u << random_below(8));
        break;
    case 5: { /* a letter another, as a key renamed at equal length has */
        for (size_t i = interesting_place(change); i < change->size; i++)
            if (change->text[i] >= 'a' && change->text[i] < 'z') {
                change->text[i]++;
                break;
            }
        break;
    }
    case 6: { /* a letter as an escape, of the message or of the document in it */
        char escape[16];
        size_t from = interesting_place(change);
        const char *form = one_in(2) ? "\\u%04x" : "\\\\u%04x";
        if (from < change->size && change->text[from] >= 'a' && change->text[from] <= 'z')
            replace(change, from, 1,
                    (struct text){
                        escape, (size_t)snprintf(escape, sizeof escape, form, (unsigned)change->text[from])});
        break;
    }
    case 7: { /* a quote moved by one */
        char *quote = memchr(change->text + at, '"', change->size - at);
        if (quote && quote + 1 < change->text + change->size) {
            quote[0] = quote[1];
            quote[1] = '"';
        }
        break;
    }
    case 8: { /* a bracket left out, or doubled */
        while (at < change->size && !strchr("{}[]", change->text[at]))
            at++;
        char bracket[1] = {at < change->size ? change->text[at] : '}'};
        replace(change, at, one_in(2), (struct text){bracket, (size_t)one_in(2)});
        break;
    }
    case 9: /* its end cut off: what followed still stands behind it */
        change->size -= random_below(change->size < 40 ? change->size : 40);
        break;
    default: /* a part of another message in its place */
        if (message_count) {
            struct text other = messages[random_below(message_count)];
            size_t from = random_below(other.size), size = random_below(200);
            if (size > other.size - from)
                size = other.size - from;
            replace(change, at, size, text_from((struct text){other.data, from + size}, from));
        }
    }
}

static bool same_value(const struct type *type, const struct value *a, const struct value *b)
{
    if (a->null || b->null)
        return a->null == b->null;
    if (type->kind == TYPE_STRING)
        return text_equal(a->as.text, b->as.text);
    unsigned char x[VALUE_BINARY_SIZE], y[VALUE_BINARY_SIZE];
    return value_to_binary(type, a, x) == value_to_binary(type, b, y) && memcmp(x, y, type->width) == 0;
}

static void compare(struct decoder *fast, struct decoder *general, struct text message)
{
    const struct row *a = decode(fast, message), *b = decode(general, message);
    bool same = a->outcome == b->outcome && text_equal(a->reason, b->reason);
    size_t column = 0;
    for (; same && column < layout->column_count; column++)
        same = same_value(&layout->columns[column].as.type, &a->values[column], &b->values[column]);
    if (!same)
        fail_msg("column %zu; fast %d %.*s; general %d %.*s: %.*s", column, (int)a->outcome,
                 (int)a->reason.size, a->reason.data ? a->reason.data : "", (int)b->outcome,
                 (int)b->reason.size, b->reason.data ? b->reason.data : "", (int)message.size, message.data);
}

static struct decoder *general_decoder(void)
{
    struct decoder *decoder = decoder_new(layout);
    assert_non_null(decoder);
    assert_true(decoder_use_shapes(decoder, false));
    return decoder;
}

static void test_fixtures_are_learned(void **state)
{
    (void)state;
    struct decoder *fast = decoder_new(layout), *general = general_decoder();
    struct change *change = calloc(1, sizeof *change);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < message_count; i++) {
            change->size = messages[i].size;
            memcpy(change->text, messages[i].data, messages[i].size);
            compare(fast, general, (struct text){change->text, change->size});
        }
    }
    struct shape_counts counts = decoder_shape_counts(fast);
    print_message("hits %llu, misses %llu, learned %llu\n", (unsigned long long)counts.hits,
                  (unsigned long long)counts.misses, (unsigned long long)counts.learned);
    assert_true(counts.hits > 200); /* or this test would show nothing */
    free(change);
    decoder_free(fast);
    decoder_free(general);
}

/* A message that is cut short, with its rest in the padding, where who reads too far would find all that it looks for; behind
 * the padding no byte may be read, which a sanitizer sees. */
static void test_cut_messages(void **state)
{
    (void)state;
    struct decoder *fast = decoder_new(layout), *general = general_decoder();
    for (size_t i = 0; i < message_count; i += 7) {
        if (messages[i].size > 4096)
            continue;
        char *whole = calloc(1, messages[i].size + JSON_PADDING);
        assert_non_null(whole);
        memcpy(whole, messages[i].data, messages[i].size);
        for (size_t size = 0; size < messages[i].size; size++) {
            char *cut = malloc(size + JSON_PADDING);
            assert_non_null(cut);
            memcpy(cut, whole, size + JSON_PADDING);
            compare(fast, general, (struct text){whole, messages[i].size});
            compare(fast, general, (struct text){cut, size});
            free(cut);
        }
        free(whole);
    }
    assert_true(decoder_shape_counts(fast).hits > 1000);
    decoder_free(fast);
    decoder_free(general);
}

/* A message whose payload has these properties. */
static struct text with_properties(struct change *change, const char *properties)
{
    static struct document payload, message;
    payload.size = message.size = 0;
    put_text(
        &payload,
        "{\"experiment_id\":1,\"variant_id\":1,\"user_id\":\"u\",\"timestamp\":\"2026-01-02T03:04:05Z\"");
    put_text(&payload, ",\"properties\":");
    put_text(&payload, properties);
    put_text(&payload, "}");
    put_text(&message, "{\"after\":{\"aggregate_id\":\"e\",\"aggregate_type\":\"event\",\"payload\":");
    put_string(&message, payload.text, payload.size);
    put_text(&message, "},\"source\":{\"lsn\":1},\"op\":\"c\"}");
    memcpy(change->text, message.text, message.size);
    change->size = message.size;
    return (struct text){change->text, change->size};
}

/* Messages that a reader of shapes may take for one that it knows. Each line is learned from as far as it is an event, and what
 * follows must not be misled. */
static void test_look_alikes(void **state)
{
    (void)state;
    random_state = 1;
    static char deep[1024];
    size_t size = (size_t)snprintf(deep, sizeof deep, "\"{\\\"page\\\":\\\"x\\\",\\\"d\\\":");
    memset(deep + size, '[', 130);
    memset(deep + size + 130, ']', 130);
    snprintf(deep + size + 260, sizeof deep - size - 260, "}\"");
    const char *const properties[] = {
        /* the keys a and b are not the key a.b */
        "{\"a\":{\"b\":1}}",
        "{\"a.b\":1}",
        "{\"a\":{\"b\":1}",
        "{\"a.b\":1}}",
        "{\"a\":[1]}",
        "{\"a[\":1}",
        "{\"a\":[1}",
        "{\"a[\":1]}",
        /* an array is no object */
        "{\"a\":{\"\":1}}",
        "{\"a\":[1,2]}",
        "{\"a\":{\"b\":1}}",
        "{\"a\":[1,\"b\":1]}",
        "{\"a\":{\"b\":1,2}}",
        "{\"a\":[1}}",
        /* a string that holds a document, and those that hold none */
        "\"{\\\"page\\\":\\\"x\\\"}\"",
        "\"{\\\"page\\\":\\\"x\\\"\"",
        "\"{\\\"page\\\":\\\"x\\\"}}\"",
        "\"{\\\"page\\\":\\\"x\\n\\\"}\"",
        "\"{\\\"page\\\":\\\"\\\\\\\"\\\"}\"",
        "{\"page\":\"x\"}",
        deep,
        "\"{\\\"page\\\":\\\"y\\\"}\"",
        "\"plain\"",
        "\"{\"",
        "7",
        "null",
    };
    const size_t count = sizeof properties / sizeof *properties;
    struct decoder *fast = decoder_new(layout), *general = general_decoder();
    struct change *change = calloc(1, sizeof *change);
    for (size_t i = 0; i < 20 * count; i++)
        compare(fast, general,
                with_properties(change, properties[i < 10 * count ? i % count : random_below(count)]));
    assert_true(decoder_shape_counts(fast).hits > 50);
    free(change);
    decoder_free(fast);
    decoder_free(general);
}

/* What a run needs, and what it says at its end. */
struct differential {
    struct decoder *fast, *general;
    struct change *change;
    uint64_t hits;
    size_t rounds;
};

#define FRESH                                                                                                \
    5000 /* messages after which another decoder begins to learn, with the next level of SIMD instructions */

static struct differential begin(void)
{
    const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
    random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) | 1;
    struct differential run = {.general = general_decoder(), .change = calloc(1, sizeof *run.change)};
    run.rounds = rounds ? strtoull(rounds, NULL, 10) : ROUNDS;
    assert_non_null(run.change);
    print_message("SEED=%llu ROUNDS=%zu\n", (unsigned long long)random_state, run.rounds);
    return run;
}

static void forget_shapes(struct differential *run, size_t round)
{
    if (run->fast)
        run->hits += decoder_shape_counts(run->fast).hits;
    decoder_free(run->fast);
    assert_true(simd_use(simd_name((enum simd_level)(round / FRESH % simd_count()))));
    run->fast = decoder_new(layout);
    assert_non_null(run->fast);
}

static void end(struct differential *run, size_t least_hits)
{
    forget_shapes(run, 0);
    simd_use(NULL);
    print_message("%zu messages without a difference, %llu of them by a known shape\n", run->rounds,
                  (unsigned long long)run->hits);
    assert_true(run->hits > least_hits); /* or the run would show nothing */
    decoder_free(run->fast);
    decoder_free(run->general);
    free(run->change);
}

static void test_changed_fixtures(void **state)
{
    (void)state;
    struct differential run = begin();
    for (size_t i = 0; i < run.rounds; i++) {
        if (i % FRESH == 0)
            forget_shapes(&run, i);
        struct text message = messages[random_below(message_count)];
        run.change->size = message.size;
        memcpy(run.change->text, message.data, message.size);
        for (size_t changes = random_below(4); changes > 0; changes--)
            change_once(run.change);
        compare(run.fast, run.general, (struct text){run.change->text, run.change->size});
    }
    end(&run, run.rounds / 80);
}

/* Numbers of any length, with the point at any place: what is exact is read in one step, all else is not. */
static void test_numbers(void **state)
{
    (void)state;
    struct differential run = begin();
    forget_shapes(&run, 0);
    for (size_t i = 0; i < run.rounds / 2; i++) {
        char digits[32] = {0}, properties[128];
        size_t count = 1 + random_below(20), point = random_below(24);
        for (size_t j = 0; j < count; j++)
            digits[j] = (char)('0' + random_below(10));
        if (point > 0 && point < count)
            digits[point] = '.';
        snprintf(properties, sizeof properties, "{\"value\":%s,\"score\":0.%zu}", digits,
                 random_below(1000000));
        struct text message = with_properties(run.change, properties);
        memset(run.change->text + message.size, one_in(2) ? '9' : '.', JSON_PADDING);
        compare(run.fast, run.general, message);
    }
    end(&run, run.rounds / 8);
}

static void test_changing_shapes(void **state)
{
    (void)state;
    static struct document message;
    struct differential run = begin();
    for (size_t i = 0; i < run.rounds; i++) {
        if (i % FRESH == 0)
            forget_shapes(&run, i);
        put_message(&message);
        run.change->size = message.size;
        memcpy(run.change->text, message.text, message.size);
        for (size_t changes = one_in(4) ? 1 + random_below(2) : 0; changes > 0; changes--)
            change_once(run.change);
        compare(run.fast, run.general, (struct text){run.change->text, run.change->size});
    }
    end(&run, run.rounds / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures_are_learned), cmocka_unit_test(test_cut_messages),
        cmocka_unit_test(test_look_alikes),          cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_changed_fixtures),     cmocka_unit_test(test_changing_shapes),
    };
    return cmocka_run_group_tests_name("shape", tests, set_up, tear_down);
}
