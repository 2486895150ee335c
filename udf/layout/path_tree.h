/* All paths of a layout as one tree, so that a document is walked once however many paths lead into it. */
#ifndef PATH_TREE_H
#define PATH_TREE_H

#include "base/names.h"
#include "layout/layout.h"
#include "json/json.h"
#include "json/ledger.h"

#define ENCODINGS_LIMIT 4 /* times that a JSON document may be encoded as a string */

/* A value in a document. */
struct node_ref {
    const struct json_doc *doc;
    const struct json_node *node; /* NULL: there is none */
};

/* A column whose path number `path` ends at a node of the tree. */
struct reader {
    uint16_t column, path;
};

struct path_tree {
    struct step step;           /* from the parent to here */
    struct path_tree *children; /* the first of `count` siblings that stand side by side */
    size_t count;
    struct names names; /* of the children: path_tree_index */
    unsigned levels;    /* steps of the longest path from here, likewise */

    /* Who reads what the path to here leads to. */
    struct reader *readers;
    uint32_t reader_count;
    uint16_t
        rule; /* number, from 1, of the first accept rule whose path ends here or leads through here; 0: none */
    bool rule_ends;       /* some rule's path ends here */
    bool base64;          /* a member of the row image whose string is the base64 of its document */
    bool taken;           /* some column takes what is here, or something within it */
    bool by_member;       /* only parts of what is here are taken: its other members are unmapped, … */
    struct text *ignored; /* … but for these, `ignored_count` of them */
    size_t ignored_count;

    uint64_t message;              /* the message that `found` is of */
    struct node_ref found;         /* what the path to here leads to */
    const struct json_doc *opened; /* the document in that, where it is a string that was opened; else NULL */
};

/* What a walk needs. */
struct path_walk {
    struct json_parser *parser;
    struct arena *arena;   /* for documents and texts of this message */
    struct ledger *ledger; /* NULL while nothing is learned */
    uint64_t message;      /* differs from one message to the next */
    unsigned depth;        /* containers deep that documents are parsed into nodes */
};

/* Adds a path of `count` steps. False if memory is refused. The tree's nodes come from the arena; the names are borrowed.
 * Nodes move while paths are added. */
bool path_tree_add(struct arena *arena, struct path_tree *tree, const struct step *steps, size_t count);

/* To be called once all paths are added, before anything below is asked. False if memory is refused. */
bool path_tree_index(struct arena *arena, struct path_tree *tree);

/* The node at the end of a path that was added: stays where it is once all paths are added. */
struct path_tree *path_tree_end(const struct path_tree *tree, const struct step *steps, size_t count);

/* The child by this name, or NULL. Up to 7 bytes after the name are read. */
static inline struct path_tree *path_tree_child(const struct path_tree *tree, struct text name)
{
    ptrdiff_t index = names_find(&tree->names, name);
    return index < 0 ? NULL : &tree->children[index];
}

/* Whether a node is one of the tree's children: a tree without any has no place for them either. */
static inline bool path_tree_is_child(const struct path_tree *tree, const struct path_tree *node)
{
    return tree->count > 0 && node >= tree->children && node < tree->children + tree->count;
}

/* Notes that the path to `tree` leads to this value, unless an earlier one of the same name was there. Answers whether it was
 * noted. */
bool path_tree_note(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                    const struct json_node *node);

/* Follows every path below `tree` from the value that the path to `tree` leads to. Strings that hold an object or array are
 * crossed; a string that holds none is a scalar, through which no path leads. */
void path_tree_follow(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                      const struct json_node *node);

/* What the path to `tree` leads to in this message: node NULL if it is absent. */
static inline struct node_ref path_tree_found(const struct path_tree *tree, const struct path_walk *walk)
{
    struct node_ref nothing = {NULL, NULL};
    return tree->message == walk->message ? tree->found : nothing;
}

/* The object or array that a string's text holds, encoded up to ENCODINGS_LIMIT times. False if it holds none. */
bool document_in_text(const struct path_walk *walk, struct text text, struct json_doc *document);

/* Whether a string may hold an object or array at all, by what it begins with: a cheap look before it is parsed. `raw` is its text with
 * its escapes unread. */
bool string_may_hold(struct text raw);

/* The object or array that a string in a document holds, noted in the ledger; NULL if it holds none. */
const struct json_doc *document_in_string(const struct path_walk *walk, const struct json_doc *doc,
                                          const struct json_node *string);

/* The object or array that a string's base64 holds; NULL if it holds none. */
const struct json_doc *document_in_base64(const struct path_walk *walk, const struct json_doc *doc,
                                          const struct json_node *string);

#endif
