/* JSON string escapes. */
#include "base/block.h"
#include "json/json.h"

static unsigned hex4(const char *at)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)at[i];
        unit = unit << 4 | (c <= '9' ? c - '0' : (c | 0x20u) - 'a' + 10);
    }
    return unit;
}

static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* The character of an escape by its second byte; 0 if that is u. */
static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

/* Reads a \uXXXX, or two of them that make one character, and moves *at behind. */
static char *read_coded(const char **at, char *out)
{
    const char *escape = *at;
    unsigned code = hex4(escape + 2);
    *at = escape + 6;
    if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(escape + 8) - 0xDC00);
        *at = escape + 12;
    }
    return put_utf8(out, code);
}

/* The control characters, and whatever else is escaped other than quotes and backslashes: of the bytes that were kept of a block, in
 * `out`, those of `escaped`. */
static inline void put_controls(char *out, const char *block, uint64_t escaped, uint64_t keep)
{
    for (; escaped; escaped &= escaped - 1) {
        const unsigned place = (unsigned)__builtin_ctzll(escaped);
        const uint64_t before = keep & ((UINT64_C(1) << place) - 1);
        out[__builtin_popcountll(before)] = plain[(unsigned char)block[place]];
    }
}

#define SIMD_TEMPLATE "json/unescape_run.h"
#include "base/simd_levels.h"

static char *(*const unescape[SIMD_LEVELS])(char *, const char *, const char *) = SIMD_TABLE(unescape);

struct text json_unescape(struct arena *arena, struct text raw)
{
    char *out = arena_alloc(arena, raw.size + JSON_PADDING);
    if (!out)
        return (struct text){NULL, 0};
    char *to = unescape[simd_in_use()](out, raw.data, raw.data + raw.size);
    memset(to, 0, JSON_PADDING);
    arena_shrink(arena, out, (size_t)(to - out) + JSON_PADDING);
    return (struct text){out, (size_t)(to - out)};
}
