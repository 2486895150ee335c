/* The arguments of one call after another, read from a stream in one of the three formats, without copying.
 *
 * Source of the binary forms: https://clickhouse.com/docs/en/interfaces/formats (RowBinary, Native). */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "wire/format.h"
#include "function/function.h"
#include "host/stream.h"

enum next {
    NEXT_ROW,    /* the arguments are there */
    NEXT_HUGE,   /* one of them is not taken into memory: arguments_drain must be called */
    NEXT_END,    /* end of input, between two rows */
    NEXT_FAILED, /* `problem` says why; it is empty where the channel has told it */
};

struct arguments {
    enum format format;
    size_t count;  /* arguments of a call */
    uint64_t most; /* bytes that an argument may have */
    struct input *in;
    size_t row_size; /* bytes of the last row, still to be taken from the input */
    char problem[160];

    /* After NEXT_HUGE. */
    bool no_memory;     /* it would have fitted, but memory was refused */
    uint64_t huge_size; /* its bytes; LineAsString: those seen so far */
    size_t huge_index;  /* which argument it is */

    /* Native: the block that is being read. */
    uint64_t rows_left;
    bool block_ended; /* the last row was its block's last */
    /* The first column of a block that has two: for each row its size in 8 bytes, and its bytes. */
    struct held {
        char *data;
        size_t size, capacity, next;
    } held;
};

void arguments_open(struct arguments *arguments, enum format format, size_t count, uint64_t most,
                    struct input *in);
void arguments_close(struct arguments *arguments);

/* The next row; the texts are valid until the next call. */
enum next arguments_next(struct arguments *arguments, struct text texts[FUNCTION_ARGUMENTS]);

/* Reads past the rest of a huge row, handing the huge argument's bytes to `out` unless that is NULL;
 * huge_size is then final. NEXT_ROW or NEXT_FAILED. */
enum next arguments_drain(struct arguments *arguments, struct output *out);

#endif
