/* Text that grows. Ends the program where memory is refused. */
#ifndef BUFFER_H
#define BUFFER_H

#include "base/text.h"

struct buffer {
    char *data;
    size_t size, capacity;
};

/* Makes room for so many bytes more, and answers where they begin. */
char *buffer_reserve(struct buffer *buffer, size_t size);

void buffer_put(struct buffer *buffer, const void *data, size_t size);
void buffer_print(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_put(buffer, text, strlen(text));
}

static inline struct text buffer_view(const struct buffer *buffer)
{
    return (struct text){buffer->data, buffer->size};
}

/* Puts the text as a JSON string, quotes included; it is well-formed UTF-8 or is put as it stands. */
void buffer_string(struct buffer *buffer, struct text text);

void buffer_free(struct buffer *buffer);

#endif
