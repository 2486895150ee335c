/* The words of a pipeline, by which the files of sql/pipeline are filled in. */
#ifndef PIPELINE_WORDS_H
#define PIPELINE_WORDS_H

#include "tool/pipeline.h"

/* Sets every word. False if the options or the layout do not serve, with one line in `problem`. What the words hold comes from the
 * arena, which may fail, or is borrowed from the options and the layout. */
bool pipeline_words(const struct pipeline_options *options, const struct layout *layout, struct arena *arena,
                    struct words *words, char *problem);

/* The words of the target table, once the others are set: columns, keys, and how a message becomes rows. */
bool pipeline_target(const struct layout *layout, struct arena *arena, struct words *words, char *problem);

/* The words of operations that look at the source's table, which `source`, a table function, reads. Once the others are set. */
bool pipeline_source(const char *source, const struct layout *layout, struct arena *arena, struct words *words,
                     char *problem);

/* Text as SQL has it: 'it\'s'. And a name: `a b`. */
struct text sql_text(struct arena *arena, struct text text);
struct text sql_name(struct arena *arena, struct text name);

/* Adds to a text. */
struct text text_append(struct arena *arena, struct text text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
