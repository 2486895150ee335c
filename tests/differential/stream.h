/* A stream of messages that resemble each other: one form mostly, few shapes, few exceptions, over and over. */
#ifndef STREAM_H
#define STREAM_H

#include "forms.h"

/* What a message counts as in the figures of the fast path, unless it is skipped. */
enum message_kind {
    MESSAGE_ENVELOPE,
    MESSAGE_WRAPPED,
    MESSAGE_UNWRAPPED,
    MESSAGE_FLATTENED,
    MESSAGE_ROUTER,
    MESSAGE_OTHER,
    MESSAGE_SKIPPED,
    MESSAGE_KINDS
};

#define STREAM_LIMIT 256
#define STREAM_PADDING 64

struct message {
    size_t offset, size; /* of its bytes in the stream's text, which has STREAM_PADDING bytes behind them */
    enum message_kind kind;
};

struct stream {
    struct buffer text;
    struct message messages[STREAM_LIMIT];
    unsigned count;
};

static inline struct text stream_message(const struct stream *stream, unsigned number)
{
    return (struct text){stream->text.data + stream->messages[number].offset, stream->messages[number].size};
}

/* The form that most messages have. */
enum form stream_form(struct chance *chance);

/* Fills the stream with so many messages. */
void stream_make(struct stream *stream, struct chance *chance, const struct world *world, enum form form,
                 unsigned count);

/* Adds a message. */
void stream_add(struct stream *stream, struct text text, enum message_kind kind, char padding);

#endif
