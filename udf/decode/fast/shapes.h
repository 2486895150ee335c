/* Shapes that were seen before: the fast path of the decoder.
 *
 * Successive messages of one topic differ in little but their values. From messages that the general decoder has found to be events
 * or to be skipped, an automaton is learned: its states are the slots of scalar values in a message (after.payload.user_id), its
 * transitions the literals, the exact bytes between one value and the next, keys, brackets and spaces included:
 *
 *     {"op":"c","source":{"lsn": [slot] },"after":{"id": [slot] ,"payload":"{\"user_id\": [slot] }"}}
 *
 * A message that runs through it from end to end is JSON of a known shape, without being parsed: only its values are checked and
 * converted, and the payload is never unescaped but for what is copied out.
 *
 * The automaton only ever says "this outcome, these values" or "I do not know"; whatever is unusual is left to the general decoder,
 * which alone knows reasons. So it never changes an answer. The general decoder keeps a ledger of what it consulted (json/ledger.h),
 * and a lesson counts only where each of those values is in a literal or is the value of a slot. What decides about the outcome is
 * held to exactly what was seen together in one message: the signatures. */
#ifndef SHAPES_H
#define SHAPES_H

#include "debezium/finder.h"

struct shapes;

/* The finder is borrowed. NULL if memory is refused. */
struct shapes *shapes_new(const struct finder *finder);
void shapes_free(struct shapes *shapes);

/* What a message of a known shape is. */
struct verdict_known {
    bool skipped;       /* else an event */
    struct text reason; /* of a message that is skipped; valid until shapes are learned */
};

/* True if the message is of a known shape. An event's values (one for each column) are then filled; their texts lie in the
 * message or the arena. False if it must be decoded in general. JSON_PADDING bytes after the message are readable. */
bool shapes_match(struct shapes *shapes, struct text message, struct arena *arena, struct value *values,
                  struct verdict_known *known);

/* Whether a lesson from this message is wanted: new shapes are learned now and then only. */
bool shapes_are_curious(const struct shapes *shapes, struct text message);

/* A message that the general decoder has found to be an event or to be skipped, and how it came to that. All borrowed. */
struct lesson {
    struct text message;
    const struct view *view;
    const struct ledger *ledger;
    const struct path_walk *walk;
    bool skipped;
    struct text reason; /* of a skipped one */
    uint16_t
        stage; /* what had been judged by then: 0 the form and the operation, i the accept rules up to number i, and one
                           more than there are rules: all */
};

void shapes_learn(struct shapes *shapes, const struct lesson *lesson);

struct shape_counts {
    uint64_t hits, misses, learned, forgotten; /* forgotten: times that it began anew because it was full */
};
struct shape_counts shapes_counts(const struct shapes *shapes);

#endif
