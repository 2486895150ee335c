/* Random messages of an outbox, as several clients write them: each has a shape of its own, which changes now and then, and what it
 * writes into its values is chosen to look like what stands around them. For test_shape.c. */
#ifndef OUTBOX_MESSAGES_H
#define OUTBOX_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* xorshift64*, so that a seed repeats a run on every machine. */
static uint64_t random_state;

static size_t random_below(size_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return bound ? (size_t)(random_state * 0x2545F4914F6CDD1Du >> 33) % bound : 0;
}

static bool one_in(size_t count)
{
    return random_below(count) == 0;
}

#define ANY(list) (list)[random_below(sizeof(list) / sizeof *(list))]

/* ---- Writing ------------------------------------------------------------------------------------------------------------- */

#define DOCUMENT_ROOM ((size_t)48 << 10)

struct document {
    char text[DOCUMENT_ROOM];
    size_t size;
    bool spaced; /* as PostgreSQL shows jsonb */
    bool begun;  /* the object that is being written has a member */
};

static void put(struct document *out, const char *text, size_t size)
{
    if (size > DOCUMENT_ROOM - out->size)
        size = DOCUMENT_ROOM - out->size; /* cut short: no JSON, which is a message, too */
    memcpy(out->text + out->size, text, size);
    out->size += size;
}

static void put_text(struct document *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_string(struct document *out, const char *text, size_t size)
{
    const bool escapes = one_in(40); /* here and there what needs none */
    put(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        char escape[8] = {'\\', text[i]};
        if (text[i] == '"' || text[i] == '\\' || (escapes && text[i] == '/'))
            put(out, escape, 2);
        else if (text[i] == '\n')
            put_text(out, "\\n");
        else if ((unsigned char)text[i] < 0x20 || (escapes && text[i] > 0 && one_in(20))) {
            snprintf(escape, sizeof escape, one_in(2) ? "\\u%04x" : "\\u%04X", (unsigned)text[i]);
            put_text(out, escape);
        } else
            put(out, text + i, 1);
    }
    put(out, "\"", 1);
}

static void open_object(struct document *out)
{
    put(out, "{", 1);
    out->begun = false;
}

static void close_object(struct document *out)
{
    put(out, "}", 1);
    out->begun = true;
}

static void put_key(struct document *out, const char *key)
{
    if (out->begun)
        put_text(out, out->spaced ? ", " : ",");
    out->begun = true;
    put(out, "\"", 1);
    put_text(out, key);
    put_text(out, out->spaced ? "\": " : "\":");
}

static void put_raw(struct document *out, const char *key, const char *value)
{
    put_key(out, key);
    put_text(out, value);
}

/* ---- Values -------------------------------------------------------------------------------------------------------------- */

/* What a value may look like: plain text, and what it is not. */
static void put_value_text(struct document *out)
{
    static const char *const texts[] = {"u1",
                                        "exposure",
                                        "click",
                                        "/cart",
                                        "control",
                                        "mobile",
                                        "1",
                                        "0.5",
                                        "true",
                                        "null",
                                        "",
                                        "v\"1",
                                        "a\\b",
                                        "two\nlines",
                                        "tab\there",
                                        "\xC3\xA9t\xC3\xA9",
                                        "\xE7\x94\xA8\xE6\x88\xB7",
                                        "\xF0\x9F\x98\x80",
                                        "\",\"op\":\"d\",\"x\":\"",
                                        "\\\",\\\"user_id\\\":\\\"eve",
                                        "\",\"user_id\":\"eve",
                                        "\\\\\",\\\\\"page\\\\\":\\\\\"x",
                                        "{\"page\":\"/x\",\"value\":7}",
                                        "{\"page\":1",
                                        "[1,2]",
                                        " {\"device\":\"d\"} ",
                                        "\"{\\\"page\\\":\\\"/y\\\"}\"",
                                        "}}\",\"created_at\":\"",
                                        "\\",
                                        "\"",
                                        "\\\"",
                                        "\\\\",
                                        "ends in \\",
                                        "__debezium_unavailable_value",
                                        "2026-01-02T03:04:05Z"};
    char text[64];
    if (one_in(3)) {
        const char *plain = ANY(texts);
        put_string(out, plain, strlen(plain));
    } else {
        put_string(out, text, (size_t)snprintf(text, sizeof text, "v_%08zx", random_below(1u << 30)));
    }
}

static void put_number(struct document *out)
{
    static const char *const numbers[] = {
        "0",  "-1",    "7.0", "1e2",    "4294967295", "4294967296", "1.5",   "18446744073709551615",
        "01", "1e400", "-0",  "0.1e-7", "null",       "true",       "\"7\"", "12345678"};
    char text[32];
    if (one_in(80)) {
        put_text(out, ANY(numbers));
        return;
    }
    snprintf(text, sizeof text, "%zu", random_below(one_in(3) ? 10 : 1u << 30));
    put_text(out, text);
}

static void put_time(struct document *out)
{
    char text[64];
    if (one_in(150)) {
        put_value_text(out);
        return;
    }
    static const char *const forms[] = {"\"2026-%02zu-%02zuT%02zu:%02zu:%02zu.123456Z\"",
                                        "\"2026-%02zu-%02zuT%02zu:%02zu:%02zuZ\"",
                                        "\"2026-%02zu-%02zu %02zu:%02zu:%02zu\""};
    switch (random_below(8)) {
    case 0:
        put_text(out, "null");
        break;
    case 1:
        put_text(out, "1767323045123");
        break;
    default:
        snprintf(text, sizeof text, forms[random_below(3)], 1 + random_below(12), 1 + random_below(28),
                 random_below(24), random_below(60), random_below(60));
        put_text(out, text);
    }
}

/* ---- Clients ------------------------------------------------------------------------------------------------------------- */

struct client {
    uint32_t members;       /* which optional ones it writes, a bit each */
    bool spaced, backwards; /* backwards: members in another order */
    bool properties_text, payload_object, unwrapped, wrapped;
    unsigned extra; /* a member that no column reads: which */
    unsigned list;  /* elements in the properties at most */
};

#define CLIENTS 6
static struct client clients[CLIENTS];

static struct client new_client(void)
{
    return (struct client){.members = (uint32_t)random_below(1u << 30),
                           .spaced = one_in(2),
                           .backwards = one_in(2),
                           .properties_text = one_in(4),
                           .payload_object = one_in(8),
                           .unwrapped = one_in(6),
                           .wrapped = one_in(6),
                           .extra = (unsigned)random_below(8),
                           .list = one_in(3) ? (unsigned)random_below(12) : 0};
}

/* Whether the client writes this member: mostly what it always does. */
static bool writes(const struct client *client, unsigned member)
{
    return one_in(60) ? one_in(2) : client->members >> member & 1;
}

/* Members whose paths are easily taken for each other. */
static void put_extra(struct document *out, unsigned extra)
{
    static const char *const extras[] = {"{\"b\":1,\"c\":2}",   "1",  "{\"b\":{\"c\":1}}",
                                         "[[1],[2,{\"b\":3}]]", "{}", "[]"};
    static const char *const keys[] = {"a", "a.b", "a[", "before", "op", "properties.page"};
    if (extra < 6) {
        put_raw(out, keys[random_below(3)], ANY(extras));
        if (one_in(40))
            put_raw(out, ANY(keys), ANY(extras));
    }
}

static void put_properties(struct document *out, const struct client *client)
{
    static const char *const keys[] = {"page", "device", "browser"};
    open_object(out);
    for (unsigned i = 0; i < 3; i++) {
        if (writes(client, i)) {
            put_key(out, keys[i]);
            put_value_text(out);
        }
    }
    for (unsigned i = 3; i < 5; i++) {
        if (writes(client, i)) {
            put_key(out, i == 3 ? "value" : "score");
            put_number(out);
        }
    }
    put_extra(out, client->extra);
    if (client->list) {
        put_key(out, "items");
        put(out, "[", 1);
        for (size_t i = random_below(client->list); i > 0; i--) {
            open_object(out);
            put_key(out, "sku");
            put_value_text(out);
            put_key(out, "count");
            put_number(out);
            close_object(out);
            if (i > 1)
                put_text(out, out->spaced ? ", " : ",");
        }
        put(out, "]", 1);
    }
    close_object(out);
}

static void put_payload(struct document *out, const struct client *client)
{
    static const char *const keys[] = {"variant_key", "event_type", "session_id", "request_id"};
    static struct document properties;
    open_object(out);
    put_key(out, "experiment_id");
    put_number(out);
    put_key(out, "variant_id");
    put_number(out);
    put_key(out, "user_id");
    put_value_text(out);
    for (unsigned i = 0; i < 4; i++) {
        unsigned member = client->backwards ? 3 - i : i;
        if (writes(client, 5 + member)) {
            put_key(out, keys[member]);
            put_value_text(out);
        }
    }
    if (one_in(60)) { /* maybe for the second time */
        put_key(out, ANY(keys));
        put_value_text(out);
    }
    put_key(out, "timestamp");
    put_time(out);
    if (writes(client, 9)) {
        put_key(out, "assignment_at");
        put_time(out);
    }
    if (writes(client, 10)) {
        put_key(out, "properties");
        properties.size = 0;
        properties.spaced = out->spaced;
        put_properties(&properties, client);
        if (one_in(60)) { /* a document without one of its bytes is mostly none */
            size_t at = random_below(properties.size--);
            memmove(properties.text + at, properties.text + at + 1, properties.size - at);
        }
        if (client->properties_text)
            put_string(out, properties.text, properties.size);
        else
            put(out, properties.text, properties.size);
    }
    if (one_in(100))
        put_raw(out, "properties", one_in(2) ? "\"{}\"" : "{}");
    close_object(out);
}

static void put_row(struct document *out, const struct client *client)
{
    static struct document payload;
    put_key(out, "id");
    put_number(out);
    put_key(out, "aggregate_id");
    put_value_text(out);
    put_key(out, "aggregate_type");
    put_text(out, one_in(50) ? "\"other\"" : one_in(5) ? "\"assignment\"" : "\"event\"");
    payload.size = 0;
    payload.spaced = client->spaced;
    put_payload(&payload, client);
    put_key(out, "payload");
    if (client->payload_object)
        put(out, payload.text, payload.size);
    else
        put_string(out, payload.text, payload.size);
    if (writes(client, 11)) {
        put_key(out, "created_at");
        put_time(out);
    }
    if (writes(client, 12)) {
        put_key(out, "updated_at");
        put_time(out);
    }
}

static void put_source(struct document *out)
{
    put_key(out, "source");
    open_object(out);
    put_raw(out, "connector", "\"postgresql\"");
    put_key(out, "lsn");
    put_number(out);
    close_object(out);
}

/* The next message. Messages of the same client follow each other in runs, as they do on a topic. */
static void put_message(struct document *out)
{
    static size_t present;
    if (one_in(4))
        present = random_below(CLIENTS);
    struct client *client = &clients[present];
    if (one_in(300) || client->members == 0)
        *client = new_client();
    *out = (struct document){.size = 0};
    if (client->wrapped)
        put_text(out, "{\"schema\":{\"type\":\"struct\",\"fields\":[]},\"payload\":");
    open_object(out);
    if (client->unwrapped) {
        put_row(out, client);
        put_raw(out, "__op", one_in(20) ? "\"d\"" : "\"c\"");
        if (client->backwards && !one_in(20))
            put_source(out);
        put_raw(out, "__lsn", "22000000");
    } else {
        put_raw(out, "before", "null");
        if (client->backwards && !one_in(60))
            put_source(out);
        put_key(out, "after");
        open_object(out);
        put_row(out, client);
        close_object(out);
        if (!client->backwards && !one_in(60))
            put_source(out);
        if (!one_in(60))
            put_raw(out, "op", one_in(20) ? "\"r\"" : one_in(40) ? "\"d\"" : "\"c\"");
        put_key(out, "ts_ms");
        put_number(out);
    }
    close_object(out);
    if (client->wrapped)
        put(out, "}", 1);
}

#endif
