/* The results of one call after another, written to a stream in one of the three formats. */
#ifndef RESULTS_H
#define RESULTS_H

#include "wire/format.h"
#include "function/function.h"
#include "host/stream.h"

struct native_column {
    unsigned char *nulls; /* a Nullable's null map */
    char *data;
    size_t size; /* String only: bytes used */
};

/* How a value of a type is put into RowBinary and Native. */
struct put {
    bool nullable;
    bool text;
    unsigned char stored; /* bytes that are sent as they are stored; 0: by value_to_binary, unless a text */
};

struct results {
    enum format format;
    const struct function *function;
    struct output *out;
    size_t room;        /* RowBinary, LineAsString: bytes that a row takes at most without its long texts */
    struct arena arena; /* owns the texts, puts and columns below */
    struct put *puts;   /* of each of the types */
    struct text *keys;  /* LineAsString: `,"name":` of each of the types */

    /* Native: the block that is being gathered. */
    struct native_column
        *columns; /* with outcome and reason where there are, then one for each of the types */
    size_t column_count, rows, bytes;
    size_t text_capacity; /* bytes that a String column holds */
};

/* The bytes that results_open asks an output to have room for. */
size_t results_room(const struct function *function);

/* False where memory is refused; close it all the same. */
bool results_open(struct results *results, enum format format, const struct function *function,
                  struct output *out);
void results_close(struct results *results);

/* Adds a row. */
void results_add(struct results *results, const struct answer *answer);

/* Adds a row, a String of `size` bytes, that are put to the output by the caller before results_put_end. */
void results_put_begin(struct results *results, uint64_t size);
void results_put_end(struct results *results);

/* Ends the block that is being gathered, if there is one. */
void results_end_block(struct results *results);

#endif
