/* A whole XML file as a tree, or where it is malformed: for a registration, which the server reads entirely or not at all.
 *
 * Source: https://www.w3.org/TR/xml/ . A DOCTYPE is refused: nothing here needs one. */
#ifndef XML_TREE_H
#define XML_TREE_H

#include "base/arena.h"

/* An element. All texts but `value` are parts of the file. */
struct xml_node {
    struct text name;
    struct text lead;  /* what stands before it, from the end of the node before it or its parent's tag */
    struct text whole; /* from its `<` to behind its last `>` */
    struct text inner; /* between its tags; empty behind the whole of `<name/>` */
    struct text value; /* its text, from the arena: references read, no comments, no white space around it */
    bool has_attributes;
    struct xml_node *first, *next; /* of its elements; its next sibling */
};

#define XML_PROBLEM 256

/* The root element, from the arena. NULL with one line in `problem` (XML_PROBLEM bytes): `line 7: …`. */
struct xml_node *xml_parse(struct arena *arena, struct text xml, char *problem);

/* The first element of this name in it that is `after` that one, or the first of all where that is NULL; NULL if there is none. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name, const struct xml_node *after);

#endif
