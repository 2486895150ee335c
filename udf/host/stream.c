#include "host/stream.h"

#include <stdlib.h>

bool input_open(struct input *in, const struct channel *channel)
{
    *in = (struct input){.channel = channel, .capacity = INPUT_KEEP};
    in->data = malloc(INPUT_KEEP + STREAM_PADDING);
    return in->data != NULL;
}

void input_close(struct input *in)
{
    free(in->data);
    in->data = NULL;
}

static bool resize(struct input *in, size_t capacity)
{
    char *data = realloc(in->data, capacity + STREAM_PADDING);
    if (!data)
        return false;
    in->data = data;
    in->capacity = capacity;
    return true;
}

/* Moves what is there to the buffer's start and leaves room after it. The buffer doubles only when it is
 * full, so that a length which was merely announced costs no memory; what one huge message took goes back at
 * the first small one. */
static bool make_room(struct input *in, size_t size)
{
    size_t there = input_size(in);
    if (there > 0 && in->next > 0)
        memmove(in->data, in->data + in->next, there);
    in->next = 0;
    in->end = there;
    if (in->capacity > INPUT_KEEP && size <= INPUT_KEEP)
        (void)resize(in, INPUT_KEEP);
    return there < in->capacity || resize(in, 2 * in->capacity);
}

/* Reads once, into the room that is left. */
static enum input_result read_more(struct input *in)
{
    const struct channel *channel = in->channel;
    if (in->ended)
        return INPUT_END;
    ptrdiff_t size = channel->read(channel->context, in->data + in->end, in->capacity - in->end, false);
    if (size == READ_WOULD_WAIT) {
        if (in->idle && !in->idle(in->idle_context))
            return INPUT_FAILED;
        size = channel->read(channel->context, in->data + in->end, in->capacity - in->end, true);
    }
    if (size < 0)
        return INPUT_FAILED;
    in->ended = size == 0;
    in->end += (size_t)size;
    /* What the padding holds does not matter, but memory checkers know only whether it was ever written. */
    memset(in->data + in->end, 0, STREAM_PADDING);
    return in->ended ? INPUT_END : INPUT_OK;
}

enum input_result input_fill(struct input *in, size_t size)
{
    while (input_size(in) < size) {
        if (!make_room(in, size))
            return INPUT_NO_MEMORY;
        enum input_result result = read_more(in);
        if (result != INPUT_OK)
            return result;
    }
    return INPUT_OK;
}

enum input_result input_pass(struct input *in, uint64_t size, struct output *out)
{
    while (size > 0) {
        enum input_result result = input_need(in, 1);
        if (result != INPUT_OK)
            return result;
        size_t part = input_size(in) < size ? input_size(in) : (size_t)size;
        if (out)
            output_put(out, input_data(in), part);
        input_take(in, part);
        size -= part;
    }
    return INPUT_OK;
}

bool output_open(struct output *out, const struct channel *channel, size_t room)
{
    size_t capacity = room > OUTPUT_KEEP / 2 ? 2 * room : OUTPUT_KEEP;
    *out = (struct output){.channel = channel, .capacity = capacity};
    out->data = malloc(capacity);
    return out->data != NULL;
}

void output_close(struct output *out)
{
    free(out->data);
    out->data = NULL;
}

static bool write_out(struct output *out, const char *data, size_t size)
{
    if (!out->failed && size > 0)
        out->failed = !out->channel->write(out->channel->context, data, size);
    return !out->failed;
}

bool output_flush(struct output *out)
{
    bool written = write_out(out, out->data, out->size);
    out->size = 0;
    return written;
}

void output_put(struct output *out, const char *data, size_t size)
{
    if (out->capacity - out->size < size)
        output_flush(out);
    if (size > out->capacity / 2) {
        output_flush(out);
        write_out(out, data, size);
    } else if (size > 0) {
        memcpy(out->data + out->size, data, size);
        out->size += size;
    }
}
