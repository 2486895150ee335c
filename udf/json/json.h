/* What the rest may ask of a JSON library: one strict parse of a document into a flat list of nodes.
 *
 * Two back ends stand behind this header, chosen at build time: json_simdjson.cpp and json_cjson.c. Both accept exactly RFC 8259
 * (well-formed UTF-8, no half of a surrogate pair, nesting to JSON_DEPTH) and name a fault by the same words and byte, those of
 * docs/outcomes.md: json_check.c says them for both. */
#ifndef JSON_H
#define JSON_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_PADDING 64 /* bytes after a document that must be readable; what they hold does not matter */
#define JSON_DEPTH 128  /* arrays and objects within each other */
#define JSON_MOST ((size_t)0xFFFFFF00) /* bytes a document may have */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value and, in an object, its key. Nodes stand in document order, so that an array's or object's first element or member is
 * the node after it. */
struct json_node {
    uint32_t start, end;         /* the value's bytes in the text; a string's lie between its quotes */
    uint32_t key_start, key_end; /* the key's bytes between its quotes; both 0 if there is no key */
    uint32_t next;               /* index of the first node behind this one and all below it */
    uint8_t kind;                /* enum json_kind */
    bool escaped;                /* a string with a backslash in it */
    bool key_escaped;
};

struct json_doc {
    const char *text;
    const struct json_node *nodes; /* nodes[0] is the document's value */
    uint32_t count;
};

struct json_fault {
    const char *what; /* words of docs/outcomes.md, static; NULL: memory was refused (then arena->failed, too) */
    size_t byte;
};

/* What a back end keeps from one document to the next. NULL if memory is refused. */
struct json_parser *json_parser_new(void);
void json_parser_free(struct json_parser *parser);

/* The library behind this build and its version, such as `simdjson 3.9.4`. */
const char *json_library(void);

/* Checks the whole document. Values at most `depth` containers deep become nodes (depth 1: the document's value and its members
 * or elements); what lies deeper is checked alike and leaves no node. doc's nodes come from the arena. False with *fault where
 * the text is not JSON. size <= JSON_MOST; JSON_PADDING bytes after it are readable. */
bool json_parse(struct json_parser *parser, struct arena *arena, struct text text, unsigned depth,
                struct json_doc *doc, struct json_fault *fault);

/* Reads the escapes of a string's text that json_parse has accepted, given without its quotes, with JSON_PADDING readable bytes
 * after it (its document's own). The answer has JSON_PADDING
 * readable bytes after it and comes from the arena; it is empty, with NULL data, if memory is refused. */
struct text json_unescape(struct arena *arena, struct text raw);

/* The value's bytes as they stand (a string's without its quotes, escapes unread). */
static inline struct text json_raw(const struct json_doc *doc, const struct json_node *node)
{
    struct text raw = {doc->text + node->start, node->end - node->start};
    return raw;
}

/* A string's text with its escapes read, borrowed from the document where it has none, else from the arena; any other value's
 * JSON as it stands. */
static inline struct text json_text(const struct json_doc *doc, const struct json_node *node,
                                    struct arena *arena)
{
    struct text raw = json_raw(doc, node);
    return node->escaped ? json_unescape(arena, raw) : raw;
}

/* The key with its escapes read. */
static inline struct text json_key(const struct json_doc *doc, const struct json_node *node,
                                   struct arena *arena)
{
    struct text raw = {doc->text + node->key_start, node->key_end - node->key_start};
    return node->key_escaped ? json_unescape(arena, raw) : raw;
}

/* The first member of an object with this key; NULL if there is none, or where `object` is no object or NULL. */
const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    struct text key, struct arena *arena);

/* The element at this index of an array, likewise. */
const struct json_node *json_element(const struct json_doc *doc, const struct json_node *array,
                                     uint32_t index);

/* Walks the members or elements of a container:
 *     for (const struct json_node *child = json_first(doc, node); child; child = json_after(doc, node, child)) */
static inline const struct json_node *
json_after(const struct json_doc *doc, const struct json_node *container, const struct json_node *child)
{
    return child->next < container->next ? &doc->nodes[child->next] : NULL;
}

static inline const struct json_node *json_first(const struct json_doc *doc,
                                                 const struct json_node *container)
{
    uint32_t first = (uint32_t)(container - doc->nodes) + 1;
    return container->kind >= JSON_ARRAY && first < container->next ? &doc->nodes[first] : NULL;
}

#ifdef __cplusplus
}
#endif

#endif
