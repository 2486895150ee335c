#include "base/base64.h"

uint32_t base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool base64_decode(struct arena *arena, struct text text, size_t padding, struct text *bytes)
{
    if (text.size % 4 != 0)
        return false;
    size_t digits = text.size;
    while (digits > 0 && text.size - digits < 2 && text.data[digits - 1] == '=')
        digits--;
    char *out = arena_alloc(arena, text.size / 4 * 3 + padding);
    if (!out)
        return false;
    size_t size = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        const uint32_t digit = base64_digit(text.data[i]);
        if (digit > 63)
            return false;
        bits = bits << 6 | digit;
        if (i % 4 > 0)
            out[size++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    /* The bits after the last byte are zero in base64 that was made from bytes. */
    if (digits % 4 && bits & (digits % 4 == 2 ? 0xF : 0x3))
        return false;
    memset(out + size, 0, padding);
    *bytes = (struct text){out, size};
    return true;
}
