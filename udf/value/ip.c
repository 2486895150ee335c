/* IPv4 and IPv6. */
#include "base/digits.h"
#include "value/kinds.h"

/* ---- From text ---------------------------------------------------------------------------------------------------------- */

/* 0 to 255 without leading zeros, which some read as octal. */
static bool take_byte(struct text *text, unsigned *byte)
{
    size_t count = 0;
    *byte = 0;
    while (count < text->size && count < 4 && is_digit(text->data[count]))
        *byte = *byte * 10 + (unsigned)(text->data[count++] - '0');
    const bool is_byte = count > 0 && *byte <= 255 && (count == 1 || text->data[0] != '0');
    *text = text_from(*text, count);
    return is_byte;
}

static bool ipv4_read(struct text text, uint32_t *address)
{
    *address = 0;
    for (int i = 0; i < 4; i++) {
        unsigned byte;
        if ((i > 0 && !text_take(&text, '.')) || !take_byte(&text, &byte))
            return false;
        *address = *address << 8 | byte;
    }
    return text.size == 0;
}

/* One to four hexadecimal digits. */
static bool take_group(struct text *text, unsigned char *out)
{
    unsigned group = 0;
    size_t count = 0;
    while (count < text->size && count < 4 && hex_value(text->data[count]) < 16)
        group = group << 4 | hex_value(text->data[count++]);
    *text = text_from(*text, count);
    out[0] = (unsigned char)(group >> 8);
    out[1] = (unsigned char)group;
    return count > 0;
}

static void put_ipv4(unsigned char *out, uint32_t address)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(address >> (24 - 8 * i));
}

/* Groups between colons, of which the last two may be an IPv4 address; *used counts their bytes. A double colon at the text's start
 * stands before the first, and ends them anywhere else. */
static bool take_groups(struct text *text, unsigned char *out, size_t capacity, size_t *used)
{
    uint32_t address;
    for (*used = 0; text->size > 0 && !text_starts(*text, TEXT("::"));) {
        if (*used > 0 && !text_take(text, ':'))
            return false;
        if (*used + 4 <= capacity && ipv4_read(*text, &address)) {
            put_ipv4(out + *used, address);
            *used += 4;
            *text = text_from(*text, text->size);
        } else if (*used + 2 > capacity || !take_group(text, out + *used)) {
            return false;
        } else {
            *used += 2;
        }
    }
    return true;
}

static bool ipv6_read(struct text text, unsigned char out[16])
{
    unsigned char behind[16];
    size_t before_size, behind_size = 0;
    uint32_t address;
    memset(out, 0, 16);
    if (ipv4_read(text, &address)) {
        out[10] = out[11] = 0xFF;
        put_ipv4(out + 12, address);
        return true;
    }
    if (!take_groups(&text, out, 16, &before_size))
        return false;
    if (text.size == 0)
        return before_size == 16;
    text = text_from(text, 2);
    /* The double colon stands for one group at least. */
    if (before_size > 14 || !take_groups(&text, behind, 14 - before_size, &behind_size) || text.size > 0)
        return false;
    memcpy(out + 16 - behind_size, behind, behind_size);
    return true;
}

/* ---- To text ------------------------------------------------------------------------------------------------------------ */

static char *ipv4_write(char *out, uint32_t address)
{
    for (int i = 24; i >= 0; i -= 8) {
        out = digits_write(out, address >> i & 0xFF, 1);
        *out++ = '.';
    }
    return out - 1;
}

static unsigned group_at(const unsigned char address[16], int i)
{
    const unsigned char *const group = address + (ptrdiff_t)2 * i;
    return (unsigned)group[0] << 8 | group[1];
}

/* The longest run of two zero groups and more, the first of those; answers how many they are. */
static int find_zeros(const unsigned char address[16], int *start)
{
    int longest = 1;
    for (int i = 0; i < 8; i++) {
        int end = i;
        while (end < 8 && group_at(address, end) == 0)
            end++;
        if (end - i > longest) {
            longest = end - i;
            *start = i;
        }
    }
    return longest > 1 ? longest : 0;
}

static char *write_group(char *out, unsigned group)
{
    int shift = 12;
    while (shift > 0 && group >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *out++ = hex_digits[group >> shift & 0xF];
    return out;
}

/* As inet_ntop has it, and ClickHouse: the last two groups behind zeros alone, or behind those and ffff, are an IPv4 address. */
static char *ipv6_write(char *out, const unsigned char address[16])
{
    int start = 8;
    const int zeros = find_zeros(address, &start);
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            *out++ = ':';
            i += zeros - 1;
            if (i == 7)
                *out++ = ':';
            continue;
        }
        if (i > 0)
            *out++ = ':';
        if (i == 6 && start == 0 && (zeros == 6 || (zeros == 5 && group_at(address, 5) == 0xFFFF)))
            return ipv4_write(out, (uint32_t)group_at(address, 6) << 16 | group_at(address, 7));
        out = write_group(out, group_at(address, i));
    }
    return out;
}

/* ---- To and from values ------------------------------------------------------------------------------------------------- */

/* Whether the text is the one that the address would be written as. */
static bool is_canonical(struct text text, const char *written, const char *end)
{
    return text_equal(text, (struct text){written, (size_t)(end - written)});
}

bool convert_ipv4(const struct json_value *value, const struct conversion *to, struct arena *arena,
                  struct value *out)
{
    (void)to;
    (void)arena;
    uint32_t address;
    if (value->kind != VALUE_STRING || !ipv4_read(value->text, &address))
        return false;
    out->as.natural = address;
    return true;
}

bool convert_ipv6(const struct json_value *value, const struct conversion *to, struct arena *arena,
                  struct value *out)
{
    (void)arena;
    char written[VALUE_JSON_SIZE];
    return value->kind == VALUE_STRING && ipv6_read(value->text, out->as.bytes) &&
           (!to->exact || is_canonical(value->text, written, ipv6_write(written, out->as.bytes)));
}

void write_ipv6(const struct type *type, const struct value *value, unsigned char *out)
{
    (void)type;
    memcpy(out, value->as.bytes, sizeof value->as.bytes);
}

char *write_ipv4_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    *out++ = '"';
    out = ipv4_write(out, (uint32_t)value->as.natural);
    *out++ = '"';
    return out;
}

char *write_ipv6_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    *out++ = '"';
    out = ipv6_write(out, value->as.bytes);
    *out++ = '"';
    return out;
}
