/* What the messages of one case are made of: the trees of a row image, of `source` and of what stands beside them, and how one
 * message differs from the others. */
#ifndef WORLD_H
#define WORLD_H

#include "values.h"

#define NODES_LIMIT 160
#define CHILDREN_LIMIT 8
#define LITERALS_A_NODE 4

enum form_of_node { NODE_SCALAR, NODE_OBJECT, NODE_ARRAY };

/* A value and the name it has in its object. */
struct node {
    const char *name;
    enum form_of_node form;
    unsigned encodings; /* times that it is encoded as a string */
    bool base64;        /* that string is written in base64 */
    enum kind kind;     /* of a scalar */
    enum semantic semantic;
    unsigned literals
        [LITERALS_A_NODE]; /* of a scalar: its own (KIND_LITERAL), and those that it may have by way of exception */
    unsigned literal_count;
    struct node *children[CHILDREN_LIMIT];
    unsigned count;
    struct node *parent; /* NULL for a member of the root */
    unsigned index;      /* among the parent's children */
    unsigned number;     /* among the world's nodes */
};

struct world {
    struct node nodes[NODES_LIMIT];
    unsigned used;
    struct node *row, *source; /* objects */
    struct node *op;
    struct node *beside[4]; /* members of the root: ts_ms, transaction, … */
    unsigned beside_count;
    struct node *focus[2]; /* members that much has to do with */
    const char *prefix;    /* of the operation and the source fields of unwrapped rows */
    unsigned oddity;       /* percent: how often something is out of the ordinary */
};

void world_make(struct world *world, struct chance *chance, unsigned oddity);

/* How one member differs in one message from what it is in most. */
enum change {
    CHANGE_LITERAL, /* its value is a literal */
    CHANGE_ABSENT,
    CHANGE_TWICE, /* it is there a second time, as a literal */
    CHANGE_TWICE_FIRST,
    CHANGE_ESCAPED_KEY,
    CHANGE_RENAMED,
    CHANGE_ENCODED, /* once more than most */
    CHANGE_PLAIN,   /* not encoded */
    CHANGE_ADDED,   /* another member stands behind it */
    CHANGES
};

struct exception {
    const struct node *node;
    enum change change;
    unsigned literal;
};

#define EXCEPTIONS_LIMIT 3

/* What the messages of one shape have in common: the order of members, those left out, the white space. */
struct style {
    uint64_t seed;
    unsigned space; /* 0: none */
    bool shuffled;
};

/* One message while it is written. */
struct writing {
    struct chance *chance;
    struct style style;
    struct exception exceptions[EXCEPTIONS_LIMIT];
    unsigned exception_count;
};

/* The row image's member that holds a document, or NULL. */
const struct node *world_document(const struct world *world);

void put_comma(struct buffer *out, const struct writing *writing);
void put_key(struct buffer *out, const struct writing *writing, const char *prefix, const struct node *node);

/* Puts a value. */
void put_node(struct buffer *out, const struct writing *writing, const struct node *node);

/* Puts the members of an object, with their keys, a comma before each where not *first. */
void put_members(struct buffer *out, const struct writing *writing, const struct node *object, bool *first);

/* The same as Kafka Connect's Flatten joins them: prefix.a, prefix.a.b */
void put_flat_members(struct buffer *out, const struct writing *writing, const char *prefix,
                      const struct node *object, bool *first);

/* Puts one member, or what the exceptions make of it. */
void put_member(struct buffer *out, const struct writing *writing, const char *prefix,
                const struct node *node, bool *first);

/* Puts the fields of a Connect schema for the members of an object: {"field":"a",…},… */
void put_fields(struct buffer *out, const struct writing *writing, const char *prefix,
                const struct node *object, bool *first);

#endif
