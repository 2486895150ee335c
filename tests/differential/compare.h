/* One stream through every way that it may be decoded. */
#ifndef COMPARE_H
#define COMPARE_H

#include "sides.h"
#include "stream.h"

/* The ways. Each is compared with the first. */
enum way {
    WAY_GENERAL,       /* simdjson, no shapes */
    WAY_GENERAL_CJSON, /* cJSON, no shapes */
    WAY_STREAM,        /* simdjson, with what was learned from the messages before */
    WAY_STREAM_CJSON,
    WAY_ALONE,     /* a new decoder for the message */
    WAY_AGAIN,     /* that decoder once more, for the same message, and */
    WAY_ONCE_MORE, /* once more */
    WAYS
};

const char *way_name(enum way way);

/* How many messages of each kind there were whose row is an event, or skipped, and how many of them took the fast path. */
struct figures {
    uint64_t messages, events, skipped, errors;
    uint64_t kinds[MESSAGE_KINDS], hits[MESSAGE_KINDS];
};

struct difference {
    bool found;
    unsigned message;
    enum way way;
    struct buffer rows[2]; /* as text: in general, and in that way */
};

/* Which SIMD levels the two sides use (names), and of how many messages one is decoded alone (0: none). */
struct setting {
    const char *levels[SIDES];
    unsigned alone;
};

/* Decodes the stream in all ways. Ends the program where the layout is refused. The figures (or NULL) grow. */
struct difference compare(struct text layout, const struct stream *stream, const struct setting *setting,
                          struct figures *figures);

/* The outcome of one message, and its reason as text. */
enum outcome outcome_of(struct text layout, struct text message, struct buffer *reason);

void difference_free(struct difference *difference);

#endif
