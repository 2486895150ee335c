/* Shapes that were seen before: the fast path of the decoder.
 *
 * Successive messages of one topic differ in little but their values. From messages that the general decoder has found to be
 * events, an automaton is learned: its states are the places of scalar values in a message (after.payload.user_id), its
 * transitions the exact bytes between one value and the next, keys, brackets and spaces included. A message that runs through it
 * from end to end is JSON of a known shape, without being parsed: only its values are checked and converted, and the payload is
 * never unescaped but for what is copied out.
 *
 * The automaton only ever says "event, these values" or "I do not know"; whatever is unusual is left to the general decoder,
 * which alone knows reasons. So it never changes an answer. What decides about the outcome is held to exactly what was seen
 * together in one message (shapes.signatures): the root's keys, the operation, the values of accept rules, and where the row
 * image and the document lie. */
#ifndef SHAPE_H
#define SHAPE_H

#include "debezium/envelope.h"
#include "layout/path_tree.h"

/* What the decoder knows about the layout. All borrowed. */
struct shape_layout {
    const struct layout *layout;
    struct path_tree *outside;
    struct path_tree *row_image;
    struct path_tree ***ends; /* for each column, for each of its paths, the node at its end */
    struct path_tree **rule_ends;
};

struct shapes;

/* NULL where memory is refused. */
struct shapes *shapes_new(const struct shape_layout *layout);
void shapes_free(struct shapes *shapes);

/* True where the message is an event of a known shape: values (one for each column) are then filled; their texts lie in the
 * message or the arena. False where it must be decoded in general. JSON_PADDING bytes behind the message are readable. */
bool shapes_match(struct shapes *shapes, struct text message, struct arena *arena, struct value *values);

/* Learns from a message that the general decoder has found to be an event, unless it has had enough of new shapes. */
void shapes_learn(struct shapes *shapes, struct text message, const struct json_doc *doc,
                  const struct envelope *envelope, struct arena *scratch);

struct shape_counts {
    uint64_t hits, misses, learned, forgotten; /* forgotten: times that it began anew because it was full */
};
struct shape_counts shapes_counts(const struct shapes *shapes);

#endif
