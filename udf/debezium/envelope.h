/* Which Debezium shape a message has, and where its row image is.
 *
 * Sources: the change event's envelope
 * (https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events), ExtractNewRecordState
 * (…/transformations/event-flattening.html), EventRouter (…/transformations/outbox-event-router.html), and Kafka Connect's
 * JsonConverter and Flatten. */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include "json/json.h"

#define WRAPPINGS_MOST 4 /* times that a message may be wrapped with a schema */

enum shape {
    SHAPE_TOMBSTONE,
    SHAPE_ENVELOPE,
    SHAPE_FLATTENED, /* the row image's members are members of the root, their keys beginning with after. or before. */
    SHAPE_HEARTBEAT,
    SHAPE_TRANSACTION,
    SHAPE_UNWRAPPED, /* the row image is the root itself */
    SHAPE_OBJECT,    /* another object: a router value, where the reader knows a member of it */
    SHAPE_STRING,    /* a string: a router value, where it holds such an object */
    SHAPE_OTHER,     /* an array, a number, a Boolean */
};

struct envelope {
    enum shape shape;
    const struct json_node *root;   /* the message without its schema */
    const struct json_node *schema; /* the schema that came with it, or NULL */
    const struct json_node
        *row;       /* the row image: NULL where it is absent or null, or is no single node (flattened) */
    struct text op; /* the operation's text */
    bool before;    /* op d: the row image is the one before */
    bool has_row;   /* there is a row image, whatever its kind */
};

/* Judges a parsed message. json_column names the member by which a bare row is known. Texts come from the document or the arena.*/
void envelope_read(const struct json_doc *doc, struct text json_column, struct arena *arena,
                   struct envelope *envelope);

#endif
