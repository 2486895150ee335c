/* JSON string escapes. */
#include "block.h"
#include "json.h"

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

/* The character of an escape by its second byte; 0 where that is u. */
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

#define STEP 16

/* In whole steps: up to 15 bytes more are read and written. */
static inline char *put_steps(char *out, const char *from, size_t size)
{
    memcpy(out, from, STEP);
    for (size_t i = STEP; i < size; i += STEP)
        memcpy(out + i, from + i, STEP);
    return out + size;
}

/* Reads the block at *at, in which no escape has begun before and which has `escapes`, up to `stop`, its end or the text's. *at
 * moves behind what was read: more than the block where its last escape goes on, less where that is a coded one. */
static char *read_block(const char **at, const char *stop, uint64_t escapes, char *out)
{
    const char *from = *at;
    for (; escapes; escapes &= escapes - 1) {
        const char *escape = *at + __builtin_ctzll(escapes);
        out = put_steps(out, from, (size_t)(escape - from));
        char c = plain[(unsigned char)escape[1]];
        if (!c) {
            *at = escape;
            return read_coded(at, out);
        }
        *out++ = c;
        from = escape + 2;
    }
    if (from < stop)
        out = put_steps(out, from, (size_t)(stop - from));
    *at = from < stop ? stop : from;
    return out;
}

struct text json_unescape(struct arena *arena, struct text raw)
{
    char *out = arena_alloc(arena, raw.size + JSON_PADDING);
    if (!out)
        return (struct text){NULL, 0};
    char *to = out;
    const char *at = raw.data, *end = raw.data + raw.size;
    while (at < end) {
        uint64_t carried = 0;
        size_t left = (size_t)(end - at);
        uint64_t inside = left >= BLOCK_SIZE ? UINT64_MAX : (UINT64_C(1) << left) - 1;
        uint64_t escapes = block_escapes(block_equal(at, '\\') & inside, &carried);
        to = read_block(&at, left >= BLOCK_SIZE ? at + BLOCK_SIZE : end, escapes, to);
        while (at < end && at[0] == '\\' && at[1] == 'u')
            to = read_coded(&at, to);
    }
    memset(to, 0, JSON_PADDING);
    arena_shrink(arena, out, (size_t)(to - out) + JSON_PADDING);
    return (struct text){out, (size_t)(to - out)};
}
