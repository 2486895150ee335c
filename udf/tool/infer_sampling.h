/* Between infer_sample.c, which goes through the messages, and infer_member.c, which goes through a row. */
#ifndef INFER_SAMPLING_H
#define INFER_SAMPLING_H

#include "tool/infer_sample.h"

struct sampling {
    struct sample *sample;
    struct table_sample *table;
    const struct view *view;
    const struct path_walk *walk;
    bool deleted; /* the row image is the one before a delete */
};

/* The child by this name, made if there is none yet; NULL if it is not taken in. */
struct member *child_of(struct sampling *sampling, struct member *parent, struct text name);

/* Counts a member's value in a row. */
void add_value(struct sampling *sampling, struct member *member, const struct json_doc *doc,
               const struct json_node *node);

/* Counts the values of an object's members. */
void add_members(struct sampling *sampling, struct member *parent, const struct json_doc *doc,
                 const struct json_node *object);

#endif
