/* JSON string escapes. */
#include "json.h"
#include "scan.h"

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

/* Reads the escape at *at, writes its character and moves *at behind it. */
static char *read_escape(const char **at, char *out)
{
    static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    const char *escape = *at;
    if (escape[1] != 'u') {
        *at = escape + 2;
        *out = plain[(unsigned char)escape[1]];
        return out + 1;
    }
    unsigned code = hex4(escape + 2);
    *at = escape + 6;
    if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(escape + 8) - 0xDC00);
        *at = escape + 12;
    }
    return put_utf8(out, code);
}

struct text json_unescape(struct arena *arena, struct text raw)
{
    char *out = arena_alloc(arena, raw.size + JSON_PADDING);
    if (!out)
        return (struct text){NULL, 0};
    char *to = out;
    const char *at = raw.data, *end = raw.data + raw.size;
    while (at < end) {
        /* A whole step is copied; what is behind a backslash is overwritten by what it stands for. */
        memcpy(to, at, SCAN_STEP);
        uint64_t backslashes = scan_backslash_bits(at);
        size_t plain = backslashes ? scan_lowest(backslashes) : SCAN_STEP;
        if (plain > (size_t)(end - at))
            plain = (size_t)(end - at);
        at += plain;
        to += plain;
        while (at < end && *at == '\\')
            to = read_escape(&at, to);
    }
    memset(to, 0, JSON_PADDING);
    arena_shrink(arena, out, (size_t)(to - out) + JSON_PADDING);
    return (struct text){out, (size_t)(to - out)};
}
