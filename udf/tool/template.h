/* SQL with words to fill in, as sql/pipeline/README.md describes it. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "base/arena.h"

#define WORDS_LIMIT 96

/* What is filled in: `{name}` becomes the value, and `--| if name` holds where it is not empty. */
struct word {
    const char *name;
    struct text value;
};

struct words {
    struct word list[WORDS_LIMIT];
    size_t count;
};

/* Adds a word, or gives it another value. Name and value are borrowed. */
void words_set(struct words *words, const char *name, struct text value);

/* Its value; an empty text if there is none. */
struct text words_get(const struct words *words, const char *name);

/* Text that grows. Free `data`. */
struct buffer {
    char *data;
    size_t size, capacity;
    bool failed; /* memory was refused: what is there is not all */
};

void buffer_put(struct buffer *buffer, struct text text);

/* Adds the template with its words filled in; `{words}` that are none stay as they are. Behind each materialized view it adds the
 * ALTER TABLE … MODIFY QUERY that brings one which is there already to the same query. False if a line that begins with `--|` is
 * wrong, which is a fault of the file: then *line is its number. */
bool template_render(struct text source, const struct words *words, struct buffer *out, size_t *line);

#endif
