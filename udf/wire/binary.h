/* What RowBinary and Native share: LEB128 lengths, strings, and the values of a row one after the other. */
#ifndef BINARY_H
#define BINARY_H

#include "wire/format.h"

/* ---- Arguments ---- */

/* NEXT_END at the end of input, NEXT_ROW where there is more. */
enum next binary_start(struct arguments *arguments);

/* Reads the LEB128 number `*offset` bytes after the input's next one and moves *offset after it. Nothing is taken. */
enum next binary_read_length(struct arguments *arguments, size_t *offset, uint64_t *length);

/* Makes a length and its bytes be there, `*offset` bytes after the input's next one; *start is where the bytes begin. NEXT_HUGE
 * where they are not to be had: all before them is then taken. */
enum next binary_read_string(struct arguments *arguments, size_t *offset, size_t *start, uint64_t *length);

/* The row's strings from the argument number `first` on. */
enum next binary_read_strings(struct arguments *arguments, struct text *texts, size_t first);

/* The rest of a row whose argument huge_index is huge. */
enum next binary_drain(struct arguments *arguments, struct output *out);

/* ---- Results ---- */

/* How a value of a type is written. */
struct put {
    bool nullable;
    bool text;
    bool array;
    unsigned char
        stored; /* bytes that are sent as they are stored; 0: by value_to_binary, unless a text or an array */
};

/* The state of a format's results begins with it. */
struct binary {
    size_t row_limit; /* see results_row_limit */
    struct put *puts; /* of each of the function's types */
};

bool binary_open(struct results *results, struct binary *binary);

/* The values of an answer from `at` on, and where they end. Both point into the results' output, which has space for row_limit
 * bytes there. Native differs in one thing: a NULL has a value behind its null byte. */
char *binary_put_answer(struct results *results, char *at, const struct answer *answer, bool native);

/* Puts a String likewise. */
char *binary_put_text(struct results *results, char *at, struct text text);

static inline char *put_length(char *at, uint64_t length)
{
    while (length >= 0x80) {
        *at++ = (char)(length | 0x80);
        length >>= 7;
    }
    *at++ = (char)length;
    return at;
}

static inline char *put_bytes(char *at, struct text text)
{
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

/* A text of a decoded row that is shorter than 0x80, with its length, copied in whole steps: up to VALUE_PADDING bytes after it are
 * read, and as many written. */
static inline char *put_padded(char *at, struct text text)
{
    *at++ = (char)text.size;
    if (text.size == 0)
        return at;
    memcpy(at, text.data, VALUE_PADDING);
    for (size_t i = VALUE_PADDING; i < text.size; i += VALUE_PADDING)
        memcpy(at + i, text.data + i, VALUE_PADDING);
    return at + text.size;
}

/* A fixed-width value; up to VALUE_BINARY_SIZE bytes are written. Answers how many count. */
static inline size_t put_fixed(const struct type *type, const struct put *put, const struct value *value,
                               char *at)
{
    if (put->stored) {
        memcpy(at, &value->as, sizeof value->as.natural);
        return put->stored;
    }
    return value_to_binary(type, value, (unsigned char *)at);
}

#endif
