/* All paths of a layout as one tree, so that a document is walked once however many paths lead into it. */
#ifndef PATH_TREE_H
#define PATH_TREE_H

#include "json/json.h"
#include "layout/layout.h"
#include "base/names.h"

#define ENCODINGS_MOST 4 /* times that a JSON document may be encoded as a string */

/* Where a path has led in the present message. */
struct place {
    const struct json_doc *doc;
    const struct json_node *node; /* NULL: absent */
};

struct path_tree {
    struct step step;           /* from the parent to here */
    struct path_tree *children; /* the first of `count` siblings that stand side by side */
    size_t count;
    struct names names; /* of the children: path_tree_index */
    unsigned levels;    /* steps of the longest path from here, likewise */
    uint64_t message;   /* the message that `place` is of */
    struct place place; /* what the path to here leads to */
};

/* What a walk needs. */
struct path_walk {
    struct json_parser *parser;
    struct arena *arena; /* for documents and texts of this message */
    uint32_t message;    /* differs from one message to the next */
    unsigned depth;      /* containers deep that documents are parsed into nodes */
};

/* Adds a path of `count` steps. False where memory is refused. The tree's nodes come from the arena; the names are borrowed.
 * Nodes move while paths are added. */
bool path_tree_add(struct arena *arena, struct path_tree *tree, const struct step *steps, size_t count);

/* To be called once all paths are added, before anything below is asked. False where memory is refused. */
bool path_tree_index(struct arena *arena, struct path_tree *tree);

/* The node at the end of a path that was added: stays where it is once all paths are added. */
struct path_tree *path_tree_end(struct path_tree *tree, const struct step *steps, size_t count);

/* The child by this name, or NULL. Up to 7 bytes behind the name are read. */
static inline struct path_tree *path_tree_child(const struct path_tree *tree, struct text name)
{
    ptrdiff_t index = names_find(&tree->names, name);
    return index < 0 ? NULL : &tree->children[index];
}

/* Notes that the path to `tree` leads to this value, unless an earlier one of the same name was there. Answers whether it was
 * noted. */
bool path_tree_note(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                    const struct json_node *node);

/* Follows every path below `tree` from the value that the path to `tree` leads to. Strings that hold an object or array are
 * crossed; a string that holds none is a scalar, through which no path leads. */
void path_tree_follow(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                      const struct json_node *node);

/* What the path to `tree` leads to in this message: node NULL where it is absent. */
static inline struct place path_tree_place(const struct path_tree *tree, const struct path_walk *walk)
{
    struct place nowhere = {NULL, NULL};
    return tree->message == walk->message ? tree->place : nowhere;
}

/* The object or array that a string holds, encoded up to ENCODINGS_MOST times. False where it holds none. */
bool json_held(const struct path_walk *walk, struct text text, struct json_doc *held);

#endif
