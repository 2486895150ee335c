/* simdjson at every level of the machine against cJSON: the same verdict, the same fault at the same byte, the same nodes; both
 * against the grammar; escapes, at every level of our own, against a second reading of them. The first byte is the depth to which nodes are listed, the second
 * what stands in the padding. */
#include "fuzz.h"
#include "grammar.h"
#include "json_cjson.h"
#include "levels.h"
#include "base/simd.h"

#define LEVELS 8

static struct json_parser *parsers[LEVELS], *cjson;
static size_t levels;
static struct arena arena;

static void set_up(void)
{
    levels = levels_count();
    HOLDS(levels > 0 && levels <= LEVELS);
    for (size_t i = 0; i < levels; i++)
        HOLDS((parsers[i] = json_parser_new()));
    HOLDS((cjson = cjson_parser_new()));
}

static bool equal(const struct json_doc *a, const struct json_doc *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct json_node *x = &a->nodes[i], *y = &b->nodes[i];
        if (x->start != y->start || x->end != y->end || x->key_start != y->key_start || x->key_end != y->key_end ||
            x->next != y->next || x->kind != y->kind || x->escaped != y->escaped || x->key_escaped != y->key_escaped)
            return false;
    }
    return true;
}

static void check_unescape(struct text raw, bool escaped)
{
    HOLDS(escaped == (raw.size > 0 && memchr(raw.data, '\\', raw.size) != NULL));
    if (!escaped)
        return;
    uint8_t *second = malloc(raw.size);
    HOLDS(second);
    size_t size = grammar_unescape((const uint8_t *)raw.data, raw.size, second);
    HOLDS(grammar_is_utf8(second, size));
    for (size_t i = 0; i < simd_count(); i++) {
        HOLDS(simd_use(simd_name((enum simd_level)i)));
        struct text text = json_unescape(&arena, raw);
        HOLDS(text.data && size == text.size && memcmp(second, text.data, size) == 0);
    }
    free(second);
}

static void check_nodes(const struct json_doc *doc, size_t size)
{
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct json_node *node = &doc->nodes[i];
        HOLDS(node->start <= node->end && node->end <= size);
        HOLDS(node->next > i && node->next <= doc->count);
        if (node->kind == JSON_STRING)
            check_unescape(json_raw(doc, node), node->escaped);
        if (node->key_start)
            check_unescape((struct text){doc->text + node->key_start, node->key_end - node->key_start}, node->key_escaped);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!cjson)
        set_up();
    unsigned depth = take_byte(&data, &size) % (JSON_DEPTH + 1);
    uint8_t filler = take_byte(&data, &size);
    char *copy = padded(data, size, filler);
    struct text text = {copy, size};
    size_t values;
    bool valid = grammar_accepts((const uint8_t *)copy, size, &values);

    struct json_doc want = {0};
    struct json_fault want_fault;
    bool accepted = cjson_parse(cjson, &arena, text, depth, &want, &want_fault);
    HOLDS(accepted == valid);
    HOLDS(accepted || (want_fault.what && want_fault.byte <= size));
    HOLDS(!accepted || depth < JSON_DEPTH || want.count == values);
    for (size_t i = 0; i < levels; i++) {
        struct json_doc doc = {0};
        struct json_fault fault;
        levels_use(i);
        HOLDS(json_parse(parsers[i], &arena, text, depth, &doc, &fault) == valid);
        if (valid)
            HOLDS(equal(&doc, &want));
        else
            HOLDS(fault.what && strcmp(fault.what, want_fault.what) == 0 && fault.byte == want_fault.byte);
    }
    if (valid)
        check_nodes(&want, size);
    HOLDS(!arena.failed);
    arena_reset(&arena);
    free(copy);
    return 0;
}
