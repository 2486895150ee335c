/* One view of every form of a change event: an operation, source fields, the row image, the row before, the schema.
 *
 * Only this room knows the forms (forms.h); rooms above it ask the view and never which form it was.
 *
 * Sources: the change event's envelope, tombstones, heartbeats and schema changes
 * (https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events), transactions
 * (…/connectors/postgresql.html#postgresql-transaction-metadata), notifications (…/configuration/notification.html),
 * ExtractNewRecordState (…/transformations/event-flattening.html), EventRouter (…/transformations/outbox-event-router.html),
 * CloudEvents (…/integrations/cloudevents.html), CockroachDB (https://www.cockroachlabs.com/docs/stable/changefeed-messages), and
 * Kafka Connect's JsonConverter and Flatten. */
#ifndef VIEW_H
#define VIEW_H

#include "layout/path_tree.h"

#define WRAPPINGS_LIMIT 4 /* times that a message may be wrapped with a schema */
#define VIEW_DEPTH                                                                                           \
    (WRAPPINGS_LIMIT + 2) /* containers within which the members that tell the forms apart lie */

/* What a reader of messages knows in advance. All borrowed, but for what view_index makes. */
struct view_options {
    bool rows;               /* layout "message": "row": any other object is a bare row */
    struct text json_column; /* the row image's member by which a bare row is known; empty if there is none */
    struct text
        metadata_prefix; /* of op and source fields in unwrapped rows: "__" unless the layout says otherwise */
    const struct path_tree
        *document;        /* the paths below the JSON column, by which a router value is known; or NULL */
    bool base64_document; /* a router value may be the document's base64 */
    struct names names;   /* of the members that tell the forms apart: view_index */
    const uint64_t *name_bits;
};

/* To be called once the options are set, before a message is looked at. False if memory is refused; what it makes comes from the
 * arena. */
bool view_index(struct arena *arena, struct view_options *options);

/* The options of a layout; `document` is where the row image's tree has the JSON column, or NULL. */
struct view_options view_options_of(const struct layout *layout, const struct path_tree *document);

enum view_verdict {
    VERDICT_ROW,     /* there are an operation and perhaps a row image */
    VERDICT_SKIPPED, /* it is not a change event: `reason` names what it is */
    VERDICT_REFUSED, /* it cannot be read: `reason` says so, and what to write into the layout or the connector */
};

/* How the members of an object are named in an image. */
enum naming {
    NAMED_PLAINLY, /* as they are */
    NAMED_BY_PREFIX, /* those that begin with `prefix`; what follows it may be several names joined by dots (Flatten) */
    NAMED_AS_METADATA, /* `prefix` and source_NAME, else `prefix` and NAME: the source fields of an unwrapped row */
    NAMED_BY_CLOUD, /* iodebezium and NAME's letters and digits: those of a CloudEvent */
};

/* A set of named values within a message: the row image, the row before, the source fields, the message itself. */
struct image {
    const struct json_doc *doc;
    const struct json_node *node; /* the object that has the members; NULL: there is no such image */
    enum naming naming;
    bool
        beside_metadata; /* members that begin with `prefix`, and __deleted, are not part of the row (an unwrapped one) */
    struct text prefix;
    struct text
        field; /* the field of the message's schema that describes the image; empty: the schema itself */
};

#define VIEW_JUDGED (2 * WRAPPINGS_LIMIT + 3)

struct view {
    enum view_verdict verdict;
    struct text reason;           /* of a message that is not a row; from the arena or static */
    const struct json_doc *doc;   /* the message */
    const struct json_node *root; /* what the wrapping holds */
    struct node_ref schema;       /* the schema that came with the message; node NULL if there is none */

    struct text op; /* c where the form has none */
    struct node_ref
        op_value; /* the value that op is the text of; where the form or __deleted implies it, one of no message */
    struct node_ref ts_ms; /* node NULL if the form has none */
    struct image image[SPACES];
    struct text row_name; /* before for op d where the form has one, else after */
    struct text
        row_problem;    /* `missing` or `not an object`: there is an operation but no row image; else empty */
    bool row_in_string; /* the row image came as a string (MongoDB): its scalars may be extended JSON */
    struct node_ref
        document; /* a router value: the JSON column's document, and no row image; node NULL elsewhere */

    /* The objects whose members told the form: `judged_count` of them. */
    const struct json_node *judged[VIEW_JUDGED];
    unsigned judged_count;
};

/* The message without the registry's header (a zero byte and the schema's number, before JSON). */
#define REGISTRY_HEADER 5 /* bytes */
static inline bool view_has_header(struct text message)
{
    return message.size >= REGISTRY_HEADER && message.data[0] == '\0';
}

static inline struct text view_body(struct text message)
{
    return view_has_header(message) ? text_from(message, REGISTRY_HEADER) : message;
}

/* Looks at a parsed message, whose values are nodes at least VIEW_DEPTH containers deep. `walk` gives the parser and the arena for
 * strings that hold JSON, and the ledger. */
void view_read(const struct view_options *options, const struct path_walk *walk, const struct json_doc *doc,
               struct view *view);

/* The node of an image's tree that a member of this key leads to; NULL if none. *fallback: it counts only where no other member
 * leads there (NAMED_AS_METADATA: __NAME beside __source_NAME). Up to 7 bytes after the key are read. */
struct path_tree *image_find(const struct image *image, const struct path_tree *tree, struct text key,
                             bool *fallback);

/* Whether a member of this key is metadata in an image that stands beside such. */
bool image_is_metadata(const struct image *image, struct text key);

/* Walks an image's members; *name is the member's name within the image (a flattened one keeps its dots). NULL after the last.
 *     for (m = image_next(image, NULL, arena, &name); m; m = image_next(image, m, arena, &name))
 * Not for NAMED_BY_CLOUD, whose names are not to be had back. */
const struct json_node *image_next(const struct image *image, const struct json_node *member,
                                   struct arena *arena, struct text *name);

/* The first member of this name; NULL if there is none. */
const struct json_node *image_member(const struct image *image, struct text name, struct arena *arena);

/* The schema (Kafka Connect's, as JsonConverter writes it) of an image's member of this name; NULL if the message has none. */
const struct json_node *view_schema(const struct view *view, const struct image *image, struct text name,
                                    struct arena *arena);

/* The field of this name in a struct's schema; NULL if there is none. */
const struct json_node *schema_field(const struct json_doc *doc, const struct json_node *schema,
                                     struct text name, struct arena *arena);

/* ---- For the fast path: what of a key tells the forms apart -------------------------------------------------------------- */

/* A bit for each way in which a member of this key may tell a form; a message's form depends on which bits are there, on the order
 * of none, and on what the ledger says was consulted. */
uint64_t view_key_bits(const struct view_options *options, struct text key);

/* Whether the first member of such a name counts, and so the message must have it once. */
bool view_is_told_by_first(uint64_t key_bits);

/* Whether this is the document of an operation that the form implies, and no part of the message. */
bool view_is_implied(const struct json_doc *doc);

#endif
