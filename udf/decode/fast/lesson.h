/* What a lesson is made of: where a value stands, what the ledger says of it, who reads it. Only for learn.c. */
#ifndef LESSON_H
#define LESSON_H

#include "decode/fast/automaton.h"

#define IDENTITY_LIMIT 1024 /* bytes of a slot's path */
#define MARKS_LIMIT 16      /* in one literal */
#define TREES_LIMIT 6       /* nodes of the layout's trees that one value stands at */

struct learning {
    struct shapes *shapes;
    const struct lesson *lesson;
    const char *at, *end;
    unsigned level; /* of the document that it is in: quotes */

    char path[IDENTITY_LIMIT]; /* to the present value */
    size_t path_size;
    size_t
        base; /* bytes of it that name the role and the schema: slots are told apart by them, what a message holds is not */

    struct shape_state *start;
    struct shape_state *state; /* whose steps the literal below becomes one of */
    const char *literal;
    uint32_t new_steps;
    bool rehearsed; /* the message was gone through before: what it needs is known to be there */
    struct key_set keys, all_keys; /* of the literal, of the whole message so far */
    struct shape_mark marks[MARKS_LIMIT];
    uint32_t mark_count;
};

/* Where a value stands: its node, and the nodes of the layout's trees that it is noted at. */
struct standing {
    const struct json_doc *doc;
    const struct json_node
        *node; /* NULL: deeper than documents are parsed into nodes; nothing there was consulted */
    const struct path_tree *trees[TREES_LIMIT];
    unsigned tree_count;
    const struct path_tree *row; /* that of them which is below the row image, or NULL */
    bool listed;                 /* an object whose members that no column takes are listed */
    struct text row_name; /* its name within the row image, where members are listed that no column takes */
    bool judged_member;   /* a member of an object by which the form was told */
    bool in_source;       /* a member of the source fields' object */
    struct text key;
};

/* What leads on from one slot to the next in the path of a value, and what a key is the name of. Control characters, which stand in no
 * key, so that no two can be taken for one. */
enum way {
    TO_MEMBER = 1,
    TO_ELEMENT,
    TO_DOCUMENT,
    TO_IMAGE, /* the object that an image's members are in, or a value that a space has by itself */
    TO_TEXT,
    TO_SCHEMA,
    TO_CONTAINER,
    TO_CLASS,
    TO_NODE,
    TO_OPAQUE,
    TO_ROLE,
};

/* What was consulted of a value. */
struct consultation {
    bool form, rule, column, opened;
    unsigned stage;                  /* the first that a rule or the form consulted it in */
    const struct json_doc *document; /* that was opened, the last one; or NULL */
    bool twice;                      /* the string was opened for two images, as two documents */
};

/* Lengthens the path; answers false if it gets too long. */
bool enter(struct learning *learning, enum way way, struct text name);

/* The same of the present path, with a word on what is there. */
bool note_here(struct learning *learning, enum way way, struct text word, bool unique, unsigned stage);

/* Notes that a path of the layout leads to something, whatever the members on the way are called. */
bool note_node(struct learning *learning, const struct path_tree *tree);

struct consultation consulted_of(const struct learning *learning, const struct standing *standing);

/* Marks the value's entries of this kind as learned. */
void account(const struct learning *learning, const struct standing *standing, enum consulted what);

/* Marks those entries of columns whose values the uses are. */
void account_uses(const struct learning *learning, const struct standing *standing,
                  const struct shape_use *uses, uint32_t count);

/* The columns whose paths end where the value stands; answers their number. NULL counts only. */
uint32_t list_uses(const struct learning *learning, const struct standing *standing, struct shape_use *uses);

bool is_crossed(const struct standing *standing);

bool has_element_paths(const struct standing *standing);

/* A member of the row image through which paths lead: its string is read as JSON, and refused if it is none. */
bool is_document_member(const struct learning *learning, const struct standing *standing);

/* The state of the value that stands here; NULL if there is no room for it. */
struct shape_state *state_here(struct learning *learning, const struct standing *standing);

/* The keys of the literal become the message's, and the next literal begins. */
void begin_literal(struct learning *learning, struct shape_state *state);

/* Ends the literal here: it leads to `next`. Where the same literal leads elsewhere already, the two cannot be told apart. */
bool end_literal(struct learning *learning, struct shape_state *next);

/* Marks where the columns' value begins or ends within the literal. */
bool mark(struct learning *learning, const struct standing *standing, enum shape_marked what, bool closes);

bool mark_unmapped(struct learning *learning, struct text name);

#endif
