#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->size + size > buffer->capacity) {
        buffer->capacity = 2 * (buffer->size + size) + 256;
        buffer->data = realloc(buffer->data, buffer->capacity);
        if (!buffer->data) {
            fputs("differential: out of memory\n", stderr);
            exit(1);
        }
    }
    return buffer->data + buffer->size;
}

void buffer_put(struct buffer *buffer, const void *data, size_t size)
{
    char *at = buffer_reserve(buffer, size);
    if (size)
        memcpy(at, data, size);
    buffer->size += size;
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *at = buffer_reserve(buffer, (size_t)size + 1);
    va_start(list, format);
    vsnprintf(at, (size_t)size + 1, format, list);
    va_end(list);
    buffer->size += (size_t)size;
}

void buffer_string(struct buffer *buffer, struct text text)
{
    buffer_put(buffer, "\"", 1);
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '"' || c == '\\')
            buffer_put(buffer, (const char[]){'\\', c}, 2);
        else if (c == '\n')
            buffer_put(buffer, "\\n", 2);
        else if ((unsigned char)c < 0x20)
            buffer_print(buffer, "\\u%04x", (unsigned)c);
        else
            buffer_put(buffer, &c, 1);
    }
    buffer_put(buffer, "\"", 1);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
