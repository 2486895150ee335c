/* Messages for the benchmarks, one a line on standard output; the same for the same call.
 *
 *     generate KIND COUNT [BYTES]      BYTES: of `large`, about how long a message is
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Text that grows --------------------------------------------------------------------------------- */

struct buffer {
    char *data;
    size_t size, capacity;
};

static void put(struct buffer *out, const char *data, size_t size)
{
    if (out->capacity - out->size < size) {
        out->capacity = 2 * (out->capacity + size);
        out->data = realloc(out->data, out->capacity);
        if (!out->data) {
            fputs("generate: out of memory\n", stderr);
            exit(1);
        }
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

__attribute__((format(printf, 2, 3))) static void print(struct buffer *out, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    put(out, text, (size_t)size);
}

static void put_text(struct buffer *out, const char *text)
{
    put(out, text, strlen(text));
}

/* As a JSON string. `all`: every character as an escape. */
static void put_string(struct buffer *out, const char *data, size_t size, bool all)
{
    put(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        if (all && data[i] != '\\' && data[i] != '"')
            print(out, "\\u%04x", (unsigned char)data[i]);
        else {
            if (data[i] == '"' || data[i] == '\\')
                put(out, "\\", 1);
            put(out, data + i, 1);
        }
    }
    put(out, "\"", 1);
}

/* ---- Chance, from a seed ----------------------------------------------------------------------------- */

static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(next() % limit);
}

static bool one_in(unsigned count)
{
    return below(count) == 0;
}

/* ---- Members ----------------------------------------------------------------------------------------- */

enum kind {
    UNIFORM,
    MIXED,
    LARGE,
    SMALL,
    BAD,
    WRAPPED,
    SHAPES,
    NONASCII,
    ESCAPES,
    DEEP,
    KEYS,
    /* Uniform messages in the other forms that connectors write; of `skipped` the rows are changed, not written. */
    UNWRAPPED,
    BARE_ROW,
    FLATTENED,
    ROUTER,
    SKIPPED,
    KINDS
};

static const char *const kinds[KINDS] = {"uniform",  "mixed",     "large",   "small",  "bad",  "wrapped",
                                         "shapes",   "nonascii",  "escapes", "deep",   "keys", "unwrapped",
                                         "bare_row", "flattened", "router",  "skipped"};

/* An object that is being written, as JavaScript does (compact) or as PostgreSQL shows jsonb (spaced). */
struct object {
    struct buffer *out;
    bool spaced, begun, escapes, nonascii;
};

static struct object open_object(struct buffer *out, struct object like)
{
    put(out, "{", 1);
    like.out = out;
    like.begun = false;
    return like;
}

static void key(struct object *object, const char *name)
{
    if (object->begun)
        put_text(object->out, object->spaced ? ", " : ",");
    object->begun = true;
    put_string(object->out, name, strlen(name), false);
    put_text(object->out, object->spaced ? ": " : ":");
}

__attribute__((format(printf, 3, 4))) static void text_member(struct object *object, const char *name,
                                                              const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (object->nonascii)
        size += snprintf(text + size, sizeof text - (size_t)size, "-čłověk-用户-пользователь-😀");
    key(object, name);
    put_string(object->out, text, (size_t)size, object->escapes);
}

__attribute__((format(printf, 3, 4))) static void raw_member(struct object *object, const char *name,
                                                             const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    key(object, name);
    put(object->out, text, (size_t)size);
}

static void close_object(struct object *object)
{
    put(object->out, "}", 1);
}

/* A time of day within the `seconds` before `ms`, which counts from 1970. */
static void put_time(struct object *object, const char *name, uint64_t ms, unsigned seconds)
{
    struct object plain = *object;
    plain.nonascii = false;
    time_t second = (time_t)(ms / 1000) - below(seconds);
    struct tm at;
    gmtime_r(&second, &at);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &at);
    text_member(&plain, name, "%s.%06uZ", text, below(1000000));
    object->begun = true;
}

/* ---- The payload ------------------------------------------------------------------------------------- */

static const char *const pages[] = {"/", "/cart", "/checkout/payment", "/products/list", "/account/settings"};
static const char *const devices[] = {"mobile", "desktop", "tablet"};
static const char *const browsers[] = {"chrome", "firefox", "safari", "edge"};
static const char *const variants[] = {"control", "treatment", "holdout"};
static const char *const types[] = {"exposure", "click", "conversion", "page_view"};
/* Users are assigned within so many seconds before their events. */
#define ASSIGNED (30 * 24 * 60 * 60)
#define ANY(list) list[below(sizeof list / sizeof *list)]

/* What a kind adds to the properties. */
static void more_properties(struct object *object, enum kind kind, size_t bytes)
{
    if (kind == LARGE) {
        key(object, "items");
        put_text(object->out, "[");
        size_t end = object->out->size + bytes;
        for (bool first = true; object->out->size < end; first = false)
            print(
                object->out,
                "%s{\"sku\":\"SKU-%08u\",\"quantity\":%u,\"price\":%u.%02u,\"gift\":%s,\"note\":\"item of the list\"}",
                first ? "" : ",", below(100000000), 1 + below(9), below(1000), below(100),
                one_in(2) ? "true" : "false");
        put_text(object->out, "]");
    } else if (kind == DEEP) {
        key(object, "deep");
        for (int i = 0; i < 50; i++)
            put_text(object->out, "[{\"a\":");
        put_text(object->out, "1");
        for (int i = 0; i < 50; i++)
            put_text(object->out, "}]");
    } else if (kind == KEYS) {
        char name[16];
        for (unsigned i = 0; i < 10000; i++) {
            snprintf(name, sizeof name, "key_%u", i);
            raw_member(object, name, "%u", below(1000));
        }
    } else if (kind == SHAPES) {
        char name[24];
        for (unsigned i = below(6); i < 6; i++) {
            snprintf(name, sizeof name, "p%08x", below(UINT32_MAX));
            raw_member(object, name, "%u", below(100));
        }
    }
}

static void put_properties(struct buffer *out, enum kind kind, struct object like, unsigned type,
                           size_t bytes)
{
    struct object object = open_object(out, like);
    bool whole = kind != MIXED;
    if (whole || !one_in(4))
        text_member(&object, "page", "%s", ANY(pages));
    if (whole || type != 1)
        text_member(&object, "device", "%s", ANY(devices));
    if (whole || type == 0)
        text_member(&object, "browser", "%s", ANY(browsers));
    if (whole || type == 2)
        raw_member(&object, "value", "%u.%02u", below(1000), below(90) + 10);
    if (whole || type == 3)
        raw_member(&object, "score", "0.%u", below(900) + 100);
    if (kind == MIXED && type == 1)
        text_member(&object, "element", "button-%u", below(50));
    more_properties(&object, kind, bytes);
    close_object(&object);
}

static void put_payload(struct buffer *out, enum kind kind, uint64_t ms, size_t bytes)
{
    static struct buffer properties;
    bool whole = kind != MIXED && kind != SMALL;
    unsigned type = below(4), variant = below(3);
    struct object like = {
        .spaced = kind == MIXED && !one_in(3), .escapes = kind == ESCAPES, .nonascii = kind == NONASCII};
    if (kind == MIXED && one_in(20))
        like.nonascii = true;
    struct object payload = open_object(out, like);
    raw_member(&payload, "experiment_id", kind == BAD && one_in(300) ? "4294967296" : "%u", 1 + below(500));
    raw_member(&payload, "variant_id", "%u", variant);
    if (!(kind == BAD && one_in(300)))
        text_member(&payload, "user_id", "user_%08u", below(100000000));
    if (whole || !one_in(5))
        text_member(&payload, "variant_key", "%s", variants[variant]);
    text_member(&payload, "event_type", "%s", types[type]);
    if (kind == SHAPES) {
        char name[24];
        snprintf(name, sizeof name, "k%08x", below(UINT32_MAX));
        text_member(&payload, name, "%u", below(1000));
    }
    if (whole || (kind == MIXED && !one_in(3)))
        text_member(&payload, "session_id", "sess_%016" PRIx64, next());
    if (whole || (kind == MIXED && !one_in(3)))
        text_member(&payload, "request_id", "req_%016" PRIx64 "%08x", next(), (unsigned)next());
    put_time(&payload, "timestamp", ms, 3);
    if (kind == MIXED && one_in(4))
        raw_member(&payload, "assignment_at", "null");
    else if (whole || (kind == MIXED && !one_in(5)))
        put_time(&payload, "assignment_at", ms - 3000, ASSIGNED);
    if (kind != SMALL && !(kind == MIXED && one_in(10))) {
        properties.size = 0;
        put_properties(&properties, kind, like, type, bytes);
        key(&payload, "properties");
        /* A tenth of the clients send it as a string. */
        if (kind == MIXED && one_in(10))
            put_string(out, properties.data, properties.size, false);
        else
            put(out, properties.data, properties.size);
    }
    close_object(&payload);
}

/* ---- The message ------------------------------------------------------------------------------------- */

static const char schema[] =
    "{\"schema\":{\"type\":\"struct\",\"fields\":["
    "{\"type\":\"struct\",\"fields\":[%s],\"optional\":true,\"name\":\"bench.public.outbox.Value\",\"field\":\"before\"},"
    "{\"type\":\"struct\",\"fields\":[%s],\"optional\":true,\"name\":\"bench.public.outbox.Value\",\"field\":\"after\"},"
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"optional\":false,\"field\":\"version\"},"
    "{\"type\":\"string\",\"optional\":false,\"field\":\"connector\"},{\"type\":\"string\",\"optional\":false,\"field\":\"name\"},"
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"ts_ms\"},{\"type\":\"int64\",\"optional\":true,\"field\":\"lsn\"}],"
    "\"optional\":false,\"name\":\"io.debezium.connector.postgresql.Source\",\"version\":1,\"field\":\"source\"},"
    "{\"type\":\"string\",\"optional\":false,\"field\":\"op\"},{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ms\"}],"
    "\"optional\":false,\"name\":\"bench.public.outbox.Envelope\",\"version\":2},\"payload\":";
static const char schema_row[] =
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"id\"},{\"type\":\"string\",\"optional\":false,\"field\":\"aggregate_id\"},"
    "{\"type\":\"string\",\"optional\":false,\"field\":\"aggregate_type\"},"
    "{\"type\":\"string\",\"optional\":false,\"name\":\"io.debezium.data.Json\",\"version\":1,\"field\":\"payload\"},"
    "{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.time.ZonedTimestamp\",\"version\":1,\"field\":\"created_at\"},"
    "{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.time.ZonedTimestamp\",\"version\":1,\"field\":\"updated_at\"}";

/* The members of `source`. */
static void put_source(struct buffer *out, uint64_t lsn, uint64_t ms, bool snapshot)
{
    print(out,
          "\"version\":\"3.4.3.Final\",\"connector\":\"postgresql\",\"name\":\"bench\",\"ts_ms\":%" PRIu64
          ",\"snapshot\":\"%s\",\"db\":\"experiments\",\"sequence\":\"[\\\"%" PRIu64 "\\\",\\\"%" PRIu64
          "\\\"]\",\"ts_us\":%" PRIu64 "123,\"ts_ns\":%" PRIu64
          "123456,\"schema\":\"public\",\"table\":\"outbox\",\"txId\":%" PRIu64 ",\"lsn\":%" PRIu64
          ",\"xmin\":null",
          ms, snapshot ? "true" : "false", lsn - 56, lsn, ms, ms, 700 + lsn % 100000, lsn);
}

/* The row's members. */
static void put_row(struct buffer *out, enum kind kind, uint64_t number, uint64_t ms,
                    const struct buffer *payload)
{
    struct object row = {.out = out};
    raw_member(&row, "id", "%" PRIu64, number + 1);
    text_member(&row, "aggregate_id", "evt_%08" PRIx64 "-%04x-%08x", number, below(65536), (unsigned)next());
    text_member(&row, "aggregate_type", "%s",
                kind == MIXED && one_in(5) ? (one_in(20) ? "session" : "assignment") : "event");
    key(&row, "payload");
    put_string(out, payload->data, payload->size, false);
    if (kind == SMALL)
        return;
    put_time(&row, "created_at", ms, 2);
    if (kind == MIXED && one_in(3))
        raw_member(&row, "updated_at", "null");
    else
        put_time(&row, "updated_at", ms, 2);
}

static void put_members(struct buffer *out, const char *before, const struct buffer *members)
{
    put_text(out, before);
    put(out, members->data, members->size);
    put_text(out, "}");
}

/* Members of an object, each name behind a prefix. The quotes of strings within have a backslash before them. */
static void put_flattened(struct buffer *out, const struct buffer *members, const char *prefix)
{
    for (size_t i = 0; i < members->size; i++) {
        put(out, members->data + i, 1);
        if (members->data[i] == '"' && (i == 0 || members->data[i - 1] == ','))
            put_text(out, prefix);
    }
}

static void put_envelope(struct buffer *out, enum kind kind, const struct buffer *row,
                         const struct buffer *source, const char *op, uint64_t ms)
{
    if (kind == WRAPPED) {
        char text[sizeof schema + 2 * sizeof schema_row];
        int size = snprintf(text, sizeof text, schema, schema_row, schema_row);
        put(out, text, (size_t)size);
    }
    put_text(out, kind == SMALL ? "{" : "{\"before\":null,");
    if (kind == FLATTENED) {
        put_flattened(out, row, "after.");
        put_text(out, ",");
        put_flattened(out, source, "source.");
    } else {
        put_members(out, "\"after\":{", row);
        put_members(out, ",\"source\":{", source);
    }
    if (kind != SMALL)
        put_text(out, ",\"transaction\":null");
    print(out, ",\"op\":\"%s\"", op);
    if (kind != SMALL)
        print(out, ",\"ts_ms\":%" PRIu64 ",\"ts_us\":%" PRIu64 "456,\"ts_ns\":%" PRIu64 "456789", ms + 20,
              ms + 20, ms + 20);
    put_text(out, kind == WRAPPED ? "}}" : "}");
}

static void put_message(struct buffer *out, enum kind kind, uint64_t number, size_t bytes)
{
    static struct buffer payload, row, source;
    const uint64_t lsn = 22000000 + number * 168, ms = UINT64_C(1795478845219) + number;
    const bool snapshot = kind == MIXED && one_in(50);
    payload.size = row.size = source.size = 0;
    put_payload(&payload, kind, ms, bytes);
    put_row(&row, kind, number, ms, &payload);
    if (kind == SMALL)
        print(&source, "\"lsn\":%" PRIu64, lsn);
    else
        put_source(&source, lsn, ms, snapshot);
    if (kind == ROUTER) {
        put(out, payload.data, payload.size);
    } else if (kind == UNWRAPPED || kind == BARE_ROW) {
        put_members(out, "{", &row);
        if (kind == UNWRAPPED) {
            out->size--;
            print(out, ",\"__deleted\":\"false\",\"__op\":\"c\",\"__lsn\":%" PRIu64 "}", lsn);
        }
    } else {
        put_envelope(out, kind, &row, &source, snapshot ? "r" : kind == SKIPPED ? "u" : "c", ms);
    }
    /* Cut short: the third way, beside what put_payload does, in which one message of a hundred is bad. */
    if (kind == BAD && one_in(300))
        out->size -= 1 + below((unsigned)out->size - 1);
}

int main(int argc, char **argv)
{
    enum kind kind = 0;
    while (argc > 1 && kind < KINDS && strcmp(argv[1], kinds[kind]) != 0)
        kind++;
    if (argc < 3 || argc > 4 || kind == KINDS) {
        fputs(
            "usage: generate uniform|mixed|large|small|bad|wrapped|shapes|nonascii|escapes|deep|keys|unwrapped|bare_row|"
            "flattened|router|skipped COUNT [BYTES]\n",
            stderr);
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10);
    size_t bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 16500;
    struct buffer line = {0};
    for (uint64_t i = 0; i < count; i++) {
        state = i * UINT64_C(0x2545F4914F6CDD1D) + (uint64_t)kind;
        line.size = 0;
        put_message(&line, kind, i, bytes);
        put(&line, "\n", 1);
        if (fwrite(line.data, 1, line.size, stdout) != line.size)
            return 1;
    }
    return fflush(stdout) != 0;
}
