#include "json/json_check.h"

#include "base/block.h"

static const char *const UNTERMINATED = "unterminated string";
static const char *const HALF_PAIR = "half a surrogate pair";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *json_number_end(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    if (at == end || !is_digit(*at))
        return NULL;
    if (*at++ == '0' && at < end && is_digit(*at))
        return NULL;
    while (at < end && is_digit(*at))
        at++;
    if (at < end && *at == '.') {
        const char *digits = ++at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *digits = at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return NULL;
    }
    return at;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of the four digits at `at`; -1 if the text ends before them, -2 where one is no digit. */
static int code_unit(const char *at, const char *end)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        if (at + i >= end)
            return -1;
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -2;
        unit = unit << 4 | digit;
    }
    return unit;
}

const char *json_escape_end(const char *at, const char *end, const char **what)
{
    if (at + 1 >= end) {
        *what = UNTERMINATED;
        return NULL;
    }
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        break;
    default:
        *what = "bad escape";
        return NULL;
    }
    int unit = code_unit(at + 2, end);
    if (unit < 0) {
        *what = unit == -1 ? UNTERMINATED : "bad escape";
        return NULL;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + 6;
    if (unit < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        int low = code_unit(at + 8, end);
        if (low >= 0xDC00 && low <= 0xDFFF)
            return at + 12;
    }
    *what = HALF_PAIR;
    return NULL;
}

/* The escapes of a block that are neither \" nor \\ are looked at one by one: where they end, or NULL. `coded` lists their second
 * bytes; what lies before `from` was read as part of another escape. */
static const char *read_coded(const char *block, uint64_t coded, const char *from, const char *end)
{
    for (; coded; coded &= coded - 1) {
        const char *escape = block + __builtin_ctzll(coded) - 1, *what;
        if (escape >= from && !(from = json_escape_end(escape, end, &what)))
            return NULL;
    }
    return from;
}

bool json_escapes_valid(const char *at, const char *end)
{
    const char *from = at;
    uint64_t carried = 0;
    for (; at < end; at += BLOCK_SIZE) {
        size_t left = (size_t)(end - at);
        uint64_t inside = left >= BLOCK_SIZE ? UINT64_MAX : (UINT64_C(1) << left) - 1;
        uint64_t backslashes = BASE(block_equal)(at, '\\') & inside, quotes = BASE(block_equal)(at, '"') & inside;
        uint64_t escaped = carried;
        escaped |= block_escapes(backslashes, &carried) << 1;
        uint64_t coded = escaped & ~(quotes | backslashes);
        if (coded && !(from = read_coded(at, coded, from, end)))
            return false;
    }
    return carried == 0;
}

/* Unicode, table 3-7. */
size_t json_utf8_length(const char *text, const char *text_end)
{
    const unsigned char *at = (const unsigned char *)text, *end = (const unsigned char *)text_end;
    unsigned char first = at[0], low = 0x80, high = 0xBF;
    size_t length;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        if (first == 0xE0)
            low = 0xA0;
        if (first == 0xED)
            high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        if (first == 0xF0)
            low = 0x90;
        if (first == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if ((size_t)(end - at) < length || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* The text as it is read: `at` moves from its start to its end. */
struct scan {
    const char *start, *at, *end;
    struct json_fault *fault;
    struct arena *arena;
    struct json_places *places;
    unsigned depth;            /* containers that are open */
    char open[JSON_DEPTH];     /* their brackets */
    uint32_t node[JSON_DEPTH]; /* their nodes, where they have one */
};

static bool fail(struct scan *scan, const char *what, const char *at)
{
    *scan->fault = (struct json_fault){what, (size_t)(at - scan->start)};
    return false;
}

/* The fault of something else than what was expected here. */
static bool fail_expected(struct scan *scan, const char *what)
{
    return fail(scan, scan->at == scan->end ? "unexpected end" : what, scan->at);
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && json_is_space(*scan->at))
        scan->at++;
}

/* Reads the string whose opening quote is at scan->at, to behind its closing quote. */
static bool scan_string(struct scan *scan, bool *escaped)
{
    const char *opening = scan->at++;
    *escaped = false;
    while (scan->at < scan->end) {
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c == '\\') {
            const char *what;
            const char *next = json_escape_end(scan->at, scan->end, &what);
            if (!next)
                return fail(scan, what, what == UNTERMINATED ? opening : scan->at);
            *escaped = true;
            scan->at = next;
        } else if (c < 0x20) {
            return fail(scan, "control character in a string", scan->at);
        } else if (c < 0x80) {
            scan->at++;
        } else {
            size_t length = json_utf8_length(scan->at, scan->end);
            if (length == 0)
                return fail(scan, "invalid UTF-8", scan->at);
            scan->at += length;
        }
    }
    return fail(scan, UNTERMINATED, opening);
}

/* Room for twice as many nodes; false if memory is refused, or where their count would be no uint32_t any more. */
static bool grow_places(struct arena *arena, struct json_places *places)
{
    const size_t room = places->room ? (size_t)places->room * 2 : 64;
    struct json_node *nodes = room > UINT32_MAX ? NULL : arena_alloc(arena, room * sizeof *nodes);
    if (!nodes) {
        arena->failed = true;
        return false;
    }
    if (places->count)
        memcpy(nodes, places->nodes, places->count * sizeof *nodes);
    places->nodes = nodes;
    places->room = (uint32_t)room;
    return true;
}

/* A new node at the end of the list; NULL if memory is refused, or where the place is too deep to be listed (*listed false). */
static struct json_node *add_node(struct scan *scan, bool *listed)
{
    struct json_places *places = scan->places;
    *listed = places && scan->depth <= places->depth;
    if (!*listed)
        return NULL;
    if (places->count == places->room && !grow_places(scan->arena, places))
        return NULL;
    struct json_node *node = &places->nodes[places->count++];
    *node = (struct json_node){0};
    return node;
}

static bool scan_key(struct scan *scan, struct json_node *key)
{
    bool escaped;
    key->key_start = (uint32_t)(scan->at + 1 - scan->start);
    if (!scan_string(scan, &escaped))
        return false;
    key->key_end = (uint32_t)(scan->at - 1 - scan->start);
    key->key_escaped = escaped;
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return fail_expected(scan, "expected :");
    scan->at++;
    return true;
}

static bool scan_scalar(struct scan *scan, bool *escaped)
{
    const char *end;
    switch (*scan->at) {
    case '"':
        return scan_string(scan, escaped);
    case 't':
    case 'f':
    case 'n':
        end = json_literal_end(scan->at, scan->end);
        if (!end)
            return fail(scan, "bad literal", scan->at);
        break;
    default:
        if (*scan->at != '-' && !is_digit(*scan->at))
            return fail(scan, "expected a value", scan->at);
        end = json_number_end(scan->at, scan->end);
        if (!end)
            return fail(scan, "bad number", scan->at);
    }
    scan->at = end;
    return true;
}

/* Reads a value, or no more than the opening bracket of a container (*opened), with the key that stands before it. */
static bool scan_value(struct scan *scan, const struct json_node *key, bool *opened)
{
    skip_space(scan);
    if (scan->at == scan->end)
        return fail(scan, "unexpected end", scan->at);
    bool listed;
    struct json_node *node = add_node(scan, &listed);
    if (listed && !node)
        return fail(scan, NULL, scan->at);
    const char *start = scan->at;
    *opened = *start == '{' || *start == '[';
    bool escaped = false;
    if (*opened) {
        if (scan->depth == JSON_DEPTH)
            return fail(scan, "nested deeper than 128", start);
        scan->open[scan->depth] = *start;
        if (node)
            scan->node[scan->depth] = scan->places->count - 1;
        scan->depth++;
        scan->at++;
    } else if (!scan_scalar(scan, &escaped)) {
        return false;
    }
    if (node) {
        bool quoted = *start == '"';
        *node = *key;
        node->start = (uint32_t)(start - scan->start) + quoted;
        node->end = (uint32_t)(scan->at - scan->start) - quoted;
        node->escaped = escaped;
    }
    return true;
}

static void close_container(struct scan *scan)
{
    scan->at++;
    scan->depth--;
    if (scan->places && scan->depth <= scan->places->depth)
        scan->places->nodes[scan->node[scan->depth]].end = (uint32_t)(scan->at - scan->start);
}

/* Behind a value: closes what closes, to the next value's place. *done where the whole value has been read. */
static bool scan_behind(struct scan *scan, bool *done)
{
    *done = false;
    while (scan->depth > 0) {
        skip_space(scan);
        bool object = scan->open[scan->depth - 1] == '{';
        if (scan->at < scan->end && *scan->at == (object ? '}' : ']')) {
            close_container(scan);
            continue;
        }
        if (scan->at == scan->end || *scan->at != ',')
            return fail_expected(scan, object ? "expected , or }" : "expected , or ]");
        scan->at++;
        return true;
    }
    *done = true;
    return true;
}

/* Before a member: reads the key. Where a value is no member there is none. */
static bool scan_before(struct scan *scan, const char *expected, struct json_node *key)
{
    *key = (struct json_node){0};
    if (scan->depth == 0 || scan->open[scan->depth - 1] != '{')
        return true;
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != '"')
        return fail_expected(scan, expected);
    return scan_key(scan, key);
}

bool json_check(struct arena *arena, struct text text, struct json_places *places, struct json_fault *fault)
{
    struct scan scan = {.start = text.data,
                        .at = text.data,
                        .end = text.data + text.size,
                        .fault = fault,
                        .arena = arena,
                        .places = places};
    const char *expected = "expected a key";
    for (bool done = false; !done;) {
        struct json_node key;
        bool opened;
        if (!scan_before(&scan, expected, &key) || !scan_value(&scan, &key, &opened))
            return false;
        expected = "expected a key";
        if (opened) {
            skip_space(&scan);
            bool object = scan.open[scan.depth - 1] == '{';
            if (scan.at < scan.end && *scan.at == (object ? '}' : ']')) {
                close_container(&scan);
            } else {
                expected = "expected a key or }";
                continue;
            }
        }
        if (!scan_behind(&scan, &done))
            return false;
    }
    skip_space(&scan);
    if (scan.at < scan.end)
        return fail(&scan, "text after the value", scan.at);
    return true;
}
