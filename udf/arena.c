#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK ((size_t)64 << 10)
#define ALIGN ((size_t)16)

struct arena_block {
    struct arena_block *older;
    size_t size; /* bytes behind the header */
    _Alignas(16) char data[];
};

static bool add_block(struct arena *arena, size_t least)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
    if (size > ARENA_KEEP)
        size = ARENA_KEEP;
    if (size < least)
        size = least;
    struct arena_block *block = size > SIZE_MAX - sizeof *block ? NULL : malloc(sizeof *block + size);
    if (!block) {
        arena->failed = true;
        return false;
    }
    block->older = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->next = block->data;
    arena->end = block->data + size;
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

struct text arena_printf(struct arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (!text)
        return (struct text){"", 0};
    va_start(list, format);
    vsnprintf(text, (size_t)size + 1, format, list);
    va_end(list);
    return (struct text){text, (size_t)size};
}

/* Keeps the newest block (the largest that ordinary messages needed) and frees the others. */
void arena_reset(struct arena *arena)
{
    arena->failed = false;
    if (!arena->blocks)
        return;
    if (arena->blocks->size > ARENA_KEEP) {
        arena_free(arena);
        return;
    }
    struct arena_block *older = arena->blocks->older;
    while (older) {
        struct arena_block *block = older;
        older = block->older;
        free(block);
    }
    arena->blocks->older = NULL;
    arena->next = arena->blocks->data;
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
