/* A set of names, and which of them a key is: one look however many there are. */
#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>

#include "base/arena.h"

struct name {
    struct text text;
    uint64_t head, tail;          /* its first and last eight bytes, as name_head and name_tail read them */
    const struct name *same_slot; /* the next name of the same slot, or NULL */
    ptrdiff_t index;              /* of the name in the caller's order */
};

struct names {
    const struct name **slots; /* the first name of each, or NULL */
    unsigned shift;            /* of a hash, to a slot */
    uint64_t sizes; /* a bit for each size that a name has, by its lowest six bits: most keys are of none */
};

/* Of names in an order of the caller's, of which one may stand there several times (the first counts) and one may be of no data
 * (nothing is it). False if memory is refused. The names are borrowed; up to 7 bytes after them are readable. */
bool names_index(struct arena *arena, struct names *names, const struct text *list, size_t count);

/* The first eight bytes of a text as a number, zeros after a shorter one. Up to 7 bytes after the text are read. */
static inline uint64_t name_head(struct text text)
{
    uint64_t word;
    memcpy(&word, text.data, sizeof word);
    if (text.size >= sizeof word)
        return word;
    return text.size ? word << (64 - 8 * text.size) : 0;
}

/* The last eight bytes of a text; of a shorter one what name_head answers. */
static inline uint64_t name_tail(struct text text, uint64_t head)
{
    uint64_t word = head;
    if (text.size > sizeof word)
        memcpy(&word, text.data + text.size - sizeof word, sizeof word);
    return word;
}

static inline uint32_t name_slot(const struct names *names, size_t size, uint64_t head, uint64_t tail)
{
    uint64_t hash = (head ^ tail << 7 ^ size) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> names->shift);
}

/* The index of a name, -1 if it is none of them. Up to 7 bytes after it are read. */
static inline ptrdiff_t names_find(const struct names *names, struct text text)
{
    if (!(names->sizes >> (text.size & 63) & 1) || !text.data)
        return -1;
    uint64_t head = name_head(text), tail = name_tail(text, head);
    const struct name *name = names->slots[name_slot(names, text.size, head, tail)];
    for (; name; name = name->same_slot)
        if (name->head == head && name->tail == tail && name->text.size == text.size &&
            (text.size <= 16 || memcmp(name->text.data, text.data, text.size) == 0))
            return name->index;
    return -1;
}

#endif
