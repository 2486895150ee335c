#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK ((size_t)64 << 10)
#define ALIGN ((size_t)16)

struct arena_block {
    struct arena_block *older;
    size_t size; /* bytes after the header */
    _Alignas(16) char data[];
};

static struct arena_block *new_block(size_t size)
{
    struct arena_block *block = size > SIZE_MAX - sizeof *block ? NULL : malloc(sizeof *block + size);
    if (block)
        block->size = size;
    return block;
}

static bool add_block(struct arena *arena, size_t least)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
    if (size > ARENA_KEEP)
        size = ARENA_KEEP;
    if (size < least)
        size = least;
    struct arena_block *block = arena->least > size ? new_block(arena->least) : NULL;
    arena->least = 0;
    if (!block)
        block = new_block(size);
    if (!block) {
        arena->failed = true;
        return false;
    }
    block->older = arena->blocks;
    arena->blocks = block;
    arena->next = block->data;
    arena->end = block->data + block->size;
    return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    if ((size_t)(arena->end - arena->next) < size && !add_block(arena, size))
        return NULL;
    if (!arena->next && !add_block(arena, ALIGN))
        return NULL;
    char *piece = arena->next;
    arena->next += size;
    return piece;
}

void arena_shrink(struct arena *arena, void *piece, size_t used)
{
    arena->next = (char *)piece + ((used + ALIGN - 1) & ~(ALIGN - 1));
}

struct text arena_copy(struct arena *arena, struct text text, size_t padding)
{
    char *copy = text.size > SIZE_MAX - padding ? NULL : arena_alloc(arena, text.size + padding);
    if (!copy) {
        arena->failed = true;
        return (struct text){NULL, 0};
    }
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    memset(copy + text.size, 0, padding);
    return (struct text){copy, text.size};
}

struct text arena_vprintf(struct arena *arena, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    else
        arena->failed = true;
    va_end(again);
    return text ? (struct text){text, (size_t)size} : (struct text){"", 0};
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct text text = arena_vprintf(arena, format, list);
    va_end(list);
    return text;
}

/* All that is in use, but for what the last block but one and those before it had left. */
static size_t used_of(const struct arena *arena)
{
    size_t used = (size_t)(arena->next - arena->blocks->data);
    for (const struct arena_block *block = arena->blocks->older; block; block = block->older)
        used += block->size;
    return used;
}

void arena_reset(struct arena *arena)
{
    arena->failed = false;
    if (!arena->blocks)
        return;
    size_t used = used_of(arena);
    arena->modest = used > ARENA_KEEP ? 0 : arena->modest + (arena->modest < ARENA_PATIENCE);
    bool too_large = arena->blocks->size > ARENA_KEEP && arena->modest == ARENA_PATIENCE;
    if (!arena->blocks->older && !too_large) {
        arena->next = arena->blocks->data;
        return;
    }
    unsigned modest = arena->modest;
    arena_free(arena);
    arena->modest = modest;
    arena->least = used;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->older;
        free(block);
    }
    *arena = (struct arena){0};
}
