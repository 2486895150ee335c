#include "values.h"

#include <stdio.h>
#include <stdlib.h>

#include "debezium/left_out.h"

#define LEFT_OUT_BYTES                                                                                       \
    "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,"    \
    "101]"

/* Families, each ended by NULL: values that are easily taken for one another. */
static const char *const families[] = {
    /* one text and what may hold it */
    "\"gold\"",
    "[\"gold\"]",
    "\"[\\\"gold\\\"]\"",
    "\"\\\"gold\\\"\"",
    "{\"x\":\"gold\"}",
    "\"{\\\"x\\\":\\\"gold\\\"}\"",
    "\"\\\"[\\\\\\\"gold\\\\\\\"]\\\"\"",
    "[\"gold\",\"none\"]",
    "\"g\\u006fld\"",
    "[\"g\\u006fld\"]",
    NULL,
    /* another */
    "\"none\"",
    "[\"none\"]",
    "\"[\\\"none\\\"]\"",
    "{\"x\":\"none\"}",
    "\"{\\\"x\\\":\\\"none\\\"}\"",
    "[\"none\",\"gold\"]",
    NULL,
    /* one number */
    "1",
    "\"1\"",
    "[1]",
    "\"[1]\"",
    "[\"1\"]",
    "\"[\\\"1\\\"]\"",
    "1.0",
    "{\"x\":1}",
    "\"{\\\"x\\\":1}\"",
    "[1,2]",
    "\"[1,2]\"",
    "[[1],2]",
    "{\"x\":[1]}",
    "\"{\\\"x\\\":[1]}\"",
    "{\"x\":\"[1]\"}",
    "\" [1]\"",
    "\"[1] \"",
    "[ 1 ]",
    "\"01\"",
    "true",
    "\"true\"",
    NULL,
    /* another */
    "2",
    "[2]",
    "\"[2]\"",
    "[2,1]",
    "0",
    "-1",
    "\"-1\"",
    "{\"x\":2}",
    "false",
    "[0]",
    "12345678901234567890",
    "-9223372036854775808",
    "1e400",
    "0.1",
    "1e2",
    NULL,
    /* nothing */
    "null",
    "\"\"",
    "\"null\"",
    "[null]",
    "\"[null]\"",
    "[]",
    "{}",
    "\"[]\"",
    "\"{}\"",
    "\"\\\"\\\"\"",
    "[\"\"]",
    "{\"x\":null}",
    "\"{\\\"x\\\":null}\"",
    "{\"x\":\"\"}",
    "\" \"",
    NULL,
    /* what Debezium writes for what it left out */
    "\"" LEFT_OUT "\"",
    "[\"" LEFT_OUT "\"]",
    "\"[\\\"" LEFT_OUT "\\\"]\"",
    "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"",
    "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]",
    "{\"" LEFT_OUT "\":\"" LEFT_OUT "\"}",
    "\"{\\\"" LEFT_OUT "\\\":\\\"" LEFT_OUT "\\\"}\"",
    LEFT_OUT_BYTES,
    "\"" LEFT_OUT_BYTES "\"",
    "{\"x\":\"" LEFT_OUT "\"}",
    "\"{\\\"x\\\":\\\"" LEFT_OUT "\\\"}\"",
    "\"__debezium\\u005funavailable_value\"",
    "\"" LEFT_OUT " \"",
    "[ \"" LEFT_OUT "\" ]",
    "\"\\\"" LEFT_OUT "\\\"\"",
    "[\"" LEFT_OUT "\",1]",
    NULL,
    /* documents that are none */
    "\"{\"",
    "\"[1\"",
    "\"{\\\"x\\\":1\"",
    "\"{\\\"x\\\":1}}\"",
    "\"{x}\"",
    "\"[01]\"",
    "\"{\\\"x\\\":\\\"\\n\\\"}\"",
    NULL,
    /* times and decimals */
    "\"2026-01-02T03:04:05.123456Z\"",
    "\"2026-01-02\"",
    "1767323045",
    "1767323045123",
    "1767323045123456",
    "20455",
    "\"1767323045123\"",
    "{\"scale\":2,\"value\":\"AQ==\"}",
    "{\"value\":\"AQ==\",\"scale\":0}",
    "\"AQ==\"",
    "\"Aw==\"",
    "{\"scale\":\"2\",\"value\":\"AQ==\"}",
    "{\"epochSecond\":1767323045,\"nano\":5}",
    "[2026,1,2]",
    "\"infinity\"",
    NULL,
};

#define LITERALS_LIMIT 256
#define OUTLINE_SIZE 128

static struct {
    const char *json;
    unsigned family, family_size; /* the first of its family, and how many there are */
    char outline[OUTLINE_SIZE];   /* its punctuation, with an `a` for all that stands between */
} literals[LITERALS_LIMIT];
static unsigned count;

static void put_outline(char outline[OUTLINE_SIZE], const char *json)
{
    size_t size = 0;
    for (; *json && size + 1 < OUTLINE_SIZE; json++) {
        const char c = strchr("{}[]\",:\\ ", *json) ? *json : 'a';
        if (c != 'a' || size == 0 || outline[size - 1] != 'a')
            outline[size++] = c;
    }
    outline[size] = 0;
}

static void list_literals(void)
{
    unsigned first = 0;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (families[i]) {
            literals[count].family = first;
            literals[count].json = families[i];
            put_outline(literals[count++].outline, families[i]);
            continue;
        }
        for (unsigned j = first; j < count; j++)
            literals[j].family_size = count - first;
        first = count;
    }
}

/* The next literal with the same outline. */
static unsigned twin_of(unsigned number)
{
    unsigned next = number;
    do
        next = (next + 1) % count;
    while (strcmp(literals[next].outline, literals[number].outline) != 0);
    return next;
}

unsigned literal_count(void)
{
    if (count == 0)
        list_literals();
    return count;
}

const char *literal_json(unsigned number)
{
    return literals[number].json;
}

unsigned literal_like(struct chance *chance, unsigned number)
{
    const unsigned way = chance_below(chance, 100);
    if (way < 15)
        return chance_below(chance, literal_count());
    if (way < 50)
        return literals[number].family + chance_below(chance, literals[number].family_size);
    for (unsigned steps = 1 + chance_below(chance, 6); steps > 0; steps--)
        number = twin_of(number);
    return number;
}

void put_text_of(struct buffer *out, struct text json)
{
    if (json.size == 0 || json.data[0] != '"') {
        buffer_put(out, json.data, json.size);
        return;
    }
    for (size_t i = 1; i + 1 < json.size; i++) {
        char c = json.data[i];
        if (c == '\\' && json.data[++i] == 'u') {
            const char digits[] = {json.data[i + 3], json.data[i + 4], 0};
            c = (char)strtoul(digits, NULL, 16);
            i += 4;
        } else if (c == '\\') {
            c = json.data[i] == 'n' ? '\n' : json.data[i];
        }
        buffer_put(out, &c, 1);
    }
}

void put_literal_text(struct buffer *out, unsigned number)
{
    put_text_of(out, text_of(literals[number].json));
}

const char *semantic_schema(enum semantic semantic)
{
    static const char *const schemas[SEMANTICS] = {
        "\"type\":\"string\"",
        "\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"",
        "\"type\":\"int64\",\"name\":\"io.debezium.time.Timestamp\"",
        "\"type\":\"int64\",\"name\":\"io.debezium.time.MicroTimestamp\"",
        "\"type\":\"int64\",\"name\":\"io.debezium.time.NanoTimestamp\"",
        "\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"}",
        "\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"0\"}",
    };
    return schemas[semantic];
}

static void put_word(struct buffer *out, struct chance *chance)
{
    static const char *const pieces[] = {"plain ",
                                         "w",
                                         "\\\"",
                                         "\\\\",
                                         "\\n",
                                         "\\u00e9",
                                         "\xC3\xA9",
                                         "\\/",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80",
                                         "\\ud83d\\ude00",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         ":",
                                         ",",
                                         "\\u0000",
                                         "0123456789"};
    buffer_put(out, "\"", 1);
    for (unsigned pieces_left = chance_below(chance, 12); pieces_left > 0; pieces_left--)
        buffer_text(out, pieces[chance_below(chance, sizeof pieces / sizeof *pieces)]);
    buffer_put(out, "\"", 1);
}

static void put_epoch(struct buffer *out, struct chance *chance, enum semantic semantic)
{
    static const uint64_t a_second[SEMANTICS] = {1000000, 0, 1000, 1000000, 1000000000, 1, 1};
    uint64_t seconds = 1700000000 + chance_below(chance, 100000000);
    if (semantic == SEMANTIC_DAYS)
        buffer_print(out, "%u", 19000 + chance_below(chance, 3000));
    else
        buffer_print(out, "%llu",
                     (unsigned long long)(seconds * a_second[semantic] + chance_below(chance, 1000)));
}

static void put_iso(struct buffer *out, struct chance *chance)
{
    buffer_print(out, "\"20%02u-%02u-%02uT%02u:%02u:%02u", 10 + chance_below(chance, 20),
                 1 + chance_below(chance, 12), 1 + chance_below(chance, 28), chance_below(chance, 24),
                 chance_below(chance, 60), chance_below(chance, 60));
    if (chance_in(chance, 80))
        buffer_print(out, ".%06u", chance_below(chance, 1000000));
    buffer_text(out, chance_in(chance, 90) ? "Z\"" : "+02:00\"");
}

static void put_bytes(struct buffer *out, struct chance *chance)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buffer_put(out, "\"", 1);
    for (unsigned i = 0; i < 4; i++)
        buffer_put(out, &letters[chance_below(chance, 64)], 1);
    buffer_put(out, "\"", 1);
}

void put_kind(struct buffer *out, struct chance *chance, enum kind kind, enum semantic semantic)
{
    const unsigned number = chance_below(chance, chance_in(chance, 50) ? 100 : 2000000000);
    switch (kind) {
    case KIND_WORD:
        buffer_print(out, "\"w%u\"", number);
        break;
    case KIND_TEXT:
        put_word(out, chance);
        break;
    case KIND_WHOLE:
        buffer_print(out, "%s%u", chance_in(chance, 10) ? "-" : "", number);
        break;
    case KIND_REAL:
        buffer_print(out, "%s%u.%u", chance_in(chance, 20) ? "-" : "", number, chance_below(chance, 10000));
        break;
    case KIND_DIGITS:
        buffer_print(out, "\"%u\"", number);
        break;
    case KIND_ISO:
        put_iso(out, chance);
        break;
    case KIND_EPOCH:
        put_epoch(out, chance, semantic);
        break;
    case KIND_FLAG:
        buffer_text(out, chance_in(chance, 50) ? "true" : "false");
        break;
    case KIND_UUID:
        buffer_print(out, "\"%08x-0a1b-4c2d-8e3f-%012x\"", (unsigned)chance_bits(chance),
                     (unsigned)chance_bits(chance));
        break;
    case KIND_BYTES:
        put_bytes(out, chance);
        break;
    case KIND_SCALED:
        buffer_print(out, "{\"scale\":%u,\"value\":", chance_below(chance, 4));
        put_bytes(out, chance);
        buffer_text(out, "}");
        break;
    case KIND_LITERAL:
    case KINDS:
        buffer_text(out, "null");
        break;
    }
}
