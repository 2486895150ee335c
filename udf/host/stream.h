/* Buffered bytes in and out, over whatever gives and takes them: the descriptors of host.c, or memory in a
 * test or a fuzzer. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>

#include "base/text.h"

/* Readable bytes after what an input holds; what they are does not matter. */
#define STREAM_PADDING 64
/* Bytes that an input's buffer has, and shrinks to after a huge message. */
#define INPUT_KEEP ((size_t)256 << 10)
/* Bytes that an output gathers before it writes, at least: fewer are more system calls, more let the reader wait. */
#define OUTPUT_KEEP ((size_t)128 << 10)

/* Where the bytes come from and go to. */
struct channel {
    /* Reads at most `size` bytes (size > 0): how many they were, 0 at the end of input, or one of the numbers
     * below. */
    ptrdiff_t (*read)(void *context, char *data, size_t size, bool wait);
    /* Writes all of it; false if that failed, for good. */
    bool (*write)(void *context, const char *data, size_t size);
    void *context;
};
#define READ_FAILED ((ptrdiff_t)-1)
#define READ_WOULD_WAIT ((ptrdiff_t)-2) /* only where `wait` is false */

enum input_result {
    INPUT_OK,
    INPUT_END,       /* the input ends before that many bytes; what there is stays */
    INPUT_FAILED,    /* reading failed, or `idle` did */
    INPUT_NO_MEMORY, /* the buffer could not grow; what there is stays */
};

struct input {
    char *data; /* the bytes not yet taken are [next, end) */
    size_t next, end, capacity;
    bool ended;
    const struct channel *channel;
    /* Called before a read that would wait: whatever was answered goes out now. False stops the reading. */
    bool (*idle)(void *context);
    void *idle_context;
};

/* False if memory is refused. */
bool input_open(struct input *in, const struct channel *channel);
void input_close(struct input *in);

/* How many bytes are there now, and where. Valid until the next call on the input. */
static inline size_t input_size(const struct input *in)
{
    return in->end - in->next;
}

static inline const char *input_data(const struct input *in)
{
    return in->data + in->next;
}

/* Makes at least `size` bytes of input be there, in one piece with STREAM_PADDING after it. */
enum input_result input_fill(struct input *in, size_t size);

static inline enum input_result input_need(struct input *in, size_t size)
{
    return input_size(in) >= size ? INPUT_OK : input_fill(in, size);
}

/* Takes bytes that are there. */
static inline void input_take(struct input *in, size_t size)
{
    in->next += size;
}

struct output {
    char *data; /* gathered: [0, size) */
    size_t size, capacity;
    bool failed; /* a write failed: nothing more goes out */
    const struct channel *channel;
};

/* `room` is the most that output_room will be asked for. False if memory is refused. */
bool output_open(struct output *out, const struct channel *channel, size_t room);
void output_close(struct output *out);

/* Writes what was gathered. False if it failed, now or before. */
bool output_flush(struct output *out);

/* Room for `room` bytes; what was filled of it is told to output_filled. */
static inline char *output_room(struct output *out, size_t room)
{
    if (out->capacity - out->size < room)
        output_flush(out);
    return out->data + out->size;
}

static inline void output_filled(struct output *out, const char *end)
{
    out->size = (size_t)(end - out->data);
}

/* Adds any number of bytes. */
void output_put(struct output *out, const char *data, size_t size);

/* Takes `size` bytes, however many, from the input and hands them to `out`, or to nobody where that is
 * NULL. */
enum input_result input_pass(struct input *in, uint64_t size, struct output *out);

#endif
