/* A borrowed piece of text: bytes that somebody else owns, not terminated. */
#ifndef TEXT_H
#define TEXT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
    const char *data; /* may be NULL if size is 0 */
    size_t size;      /* bytes */
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

static inline struct text text_of(const char *terminated)
{
    struct text text = {terminated, strlen(terminated)};
    return text;
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool text_starts(struct text text, struct text prefix)
{
    return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static inline bool text_ends(struct text text, struct text suffix)
{
    return text.size >= suffix.size &&
           (suffix.size == 0 || memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

static inline struct text text_from(struct text text, size_t offset)
{
    struct text rest = {text.data + offset, text.size - offset};
    return rest;
}

/* Takes one character from the start of the text, where it is that one. */
static inline bool text_take(struct text *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    *text = text_from(*text, 1);
    return true;
}

/* The arguments of a printf's `%.*s`; `text` is evaluated twice. The precision is an int: text of more than 2 GiB is cut there, since
 * a negative precision would let printf read on to the next zero byte. */
#define TEXT_ARGUMENTS(text) text_precision((text).size), (text).data

static inline int text_precision(size_t size)
{
    return size > INT_MAX ? INT_MAX : (int)size;
}

/* The longest part of text, from its start, that has at most `most` bytes and ends at a character (UTF-8). */
static inline struct text text_cut(struct text text, size_t most)
{
    if (text.size <= most)
        return text;
    while (most > 0 && ((unsigned char)text.data[most] & 0xC0) == 0x80)
        most--;
    text.size = most;
    return text;
}

#endif
