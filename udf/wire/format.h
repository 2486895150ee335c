/* The formats in which ClickHouse sends arguments and takes results. A format is a file in this folder and a row of `formats`.
 *
 * Source of the binary forms: https://clickhouse.com/docs/en/interfaces/formats (RowBinary, Native). */
#ifndef FORMAT_H
#define FORMAT_H

#include "function/function.h"
#include "host/stream.h"

enum next {
    NEXT_ROW,    /* the arguments are there */
    NEXT_HUGE,   /* one of them is not taken into memory: arguments_drain must be called */
    NEXT_END,    /* end of input, between two rows */
    NEXT_FAILED, /* `problem` says why; it is empty where the channel has told it */
};

#define FORMAT_PROBLEM 160 /* bytes of a problem */

/* The arguments of one call after another, read from a stream without copying. */
struct arguments {
    const struct format *format;
    size_t count;   /* arguments of a call */
    uint64_t limit; /* bytes that an argument may have */
    struct input *in;
    size_t row_size; /* bytes of the last row, still to be taken from the input */
    char problem[FORMAT_PROBLEM];
    bool
        in_block; /* the input announced more rows of a block than have come: they follow, whoever waits for what */
    void *state; /* the format's own: its `arguments_open` sets it */

    /* After NEXT_HUGE. */
    bool no_memory;     /* it is within the limit, but memory was refused */
    uint64_t huge_size; /* its bytes; LineAsString: those seen so far */
    size_t huge_index;  /* which argument it is */
};

/* The results of one call after another, written to a stream. */
struct results {
    const struct format *format;
    const struct function *function;
    struct output *out;
    struct arena arena; /* for what `state` needs */
    void *state;        /* the format's own: its `results_open` sets it */
};

struct format {
    const char *name;      /* in ClickHouse */
    size_t argument_limit; /* arguments that a row can hold */
    bool string_answers;   /* each answer is one String, whatever the function returns */

    /* These may be NULL: there is nothing to do. The first is false if memory is refused. */
    bool (*arguments_open)(struct arguments *arguments);
    void (*arguments_close)(struct arguments *arguments);
    /* See arguments_next and arguments_drain. */
    enum next (*next)(struct arguments *arguments, struct text *texts);
    enum next (*drain)(struct arguments *arguments, struct output *out);

    /* See the functions of the same names. */
    bool (*results_open)(struct results *results);
    void (*add)(struct results *results, const struct answer *answer);
    void (*begin_string)(struct results *results, uint64_t size);
    void (*end_string)(struct results *results);
    void (*end_block)(struct results *results);
};

extern const struct format format_line, format_row_binary, format_native;

extern const struct format *const formats[];
extern const size_t format_count;

/* A format by its name in ClickHouse; NULL if there is none. */
const struct format *format_find(const char *name);

/* ---- Arguments ---- */

/* False if memory is refused; close it all the same. */
bool arguments_open(struct arguments *arguments, const struct format *format, size_t count, uint64_t limit,
                    struct input *in);
void arguments_close(struct arguments *arguments);

/* The next row; the texts are valid until the next call. */
static inline enum next arguments_next(struct arguments *arguments, struct text texts[FUNCTION_ARGUMENTS])
{
    input_take(arguments->in, arguments->row_size);
    arguments->row_size = 0;
    return arguments->format->next(arguments, texts);
}

/* Reads past the rest of a huge row, handing the huge argument's bytes to `out` unless that is NULL;
 * huge_size is then final. NEXT_ROW or NEXT_FAILED. */
static inline enum next arguments_drain(struct arguments *arguments, struct output *out)
{
    return arguments->format->drain(arguments, out);
}

/* For the formats: NEXT_FAILED with this problem, and what it means that the input did not give what a row needs. */
enum next arguments_fail(struct arguments *arguments, const char *problem);
enum next arguments_broken(struct arguments *arguments, enum input_result result);

/* ---- Results ---- */

#define LENGTH_SIZE 10  /* bytes of a LEB128 number, at most */
#define SHORT_TEXT 2048 /* a longer text goes to the output by itself, not with its row */
#define HEAD_FIELDS 2   /* outcome and reason of a decoded row */

/* The bytes of a row without its long texts, at most: what an output must have space for (output_open). */
static inline size_t results_row_limit(const struct function *function)
{
    return (HEAD_FIELDS + function->type_count) * (LENGTH_SIZE + SHORT_TEXT + 1) + VALUE_PADDING;
}

/* False if memory is refused; close it all the same. */
bool results_open(struct results *results, const struct format *format, const struct function *function,
                  struct output *out);
void results_close(struct results *results);

/* Adds a row. */
static inline void results_add(struct results *results, const struct answer *answer)
{
    results->format->add(results, answer);
}

/* Adds a row, a String of `size` bytes, that the caller puts to the output between the two. */
static inline void results_begin_string(struct results *results, uint64_t size)
{
    results->format->begin_string(results, size);
}

static inline void results_end_string(struct results *results)
{
    if (results->format->end_string)
        results->format->end_string(results);
}

/* Ends the block that is being gathered, if there is one. */
static inline void results_end_block(struct results *results)
{
    if (results->format->end_block)
        results->format->end_block(results);
}

#endif
