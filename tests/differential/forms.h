/* The forms that a change event may have. */
#ifndef FORMS_H
#define FORMS_H

#include "world.h"

enum form {
    FORM_ENVELOPE,
    FORM_UNWRAPPED,
    FORM_FLATTENED,
    FORM_ROUTER,      /* the JSON column's document is the message */
    FORM_ROUTER_TEXT, /* a string that holds it is */
    FORM_ROW,         /* the row image alone */
    FORM_CLOUD,       /* CloudEvents: the envelope in `data` */
    FORM_NO_SOURCE,   /* an envelope without source */
    FORM_CHANGEFEED,  /* CockroachDB */
    FORM_CONTROL,     /* heartbeat, transaction, tombstone and the like */
    FORMS
};

/* What stands around a message. */
enum wrapping { WRAPPING_NONE, WRAPPING_SCHEMA, WRAPPING_SCHEMA_ID, WRAPPING_PAYLOAD, WRAPPINGS };

#define STYLES 3
#define POOL 4

/* What the messages of a stream have in common. */
struct habits {
    const struct world *world;
    enum form form, other;
    enum wrapping wrapping;
    bool header;     /* of a schema registry: a zero byte and four more */
    bool meta;       /* unwrapped: the operation and source fields are there */
    bool before;     /* updates come with the row before */
    bool image_text; /* the row image is a string that holds it (MongoDB) */
    unsigned op, other_op;
    unsigned damaged; /* percent */
    struct style styles[STYLES];
    struct exception pool[POOL];
};

/* Operations: JSON. The first four are c, u, r, d. */
unsigned operation_count(void);

/* Puts a message of this form. */
void put_message(struct buffer *out, const struct writing *writing, const struct habits *habits,
                 enum form form, enum wrapping wrapping, unsigned op);

#endif
