/* A registration whose functions are added, changed and removed in place: every byte that is nobody's business stays. */
#ifndef REGISTRATION_H
#define REGISTRATION_H

#include "tool/registered.h"
#include "tool/xml_tree.h"

#define REGISTRATION_EDITS 32
#define REGISTRATION_PROBLEM 1000

struct registration {
    struct arena *arena;
    const char *file; /* for problems */
    struct text xml;
    const struct xml_node *root;
    struct {
        struct text part, with; /* a part of `xml`, and what goes there */
    } edits[REGISTRATION_EDITS];
    size_t edit_count;
    char *problem; /* REGISTRATION_PROBLEM bytes: one line where a function answers false */
};

/* What is to hold for a function; without data: it stays as it is. */
struct registration_wishes {
    struct text format, pool_size, max_message, max_memory;
    const struct query_options *query; /* of a function that takes them */
};

/* Reads the text; false if it is malformed. All of it is borrowed. */
bool registration_open(struct registration *registration, struct arena *arena, const char *file,
                       struct text xml, char *problem);

/* The function's element by its name, and by the layout that its command decodes; NULL if there is none. */
const struct xml_node *registration_find(const struct registration *registration, struct text name);
const struct xml_node *registration_find_layout(const struct registration *registration, struct text file);

/* The text of the one element of this name in the function, white space taken off; false if there is none, or more than one. */
bool registration_field(struct registration *registration, const struct xml_node *function, const char *name,
                        struct text *value);

/* Reads the command of a function of this program. */
bool registration_command(struct registration *registration, const struct xml_node *function,
                          struct registered_command *command);

/* Adds a function as config writes it, after the last one of the same kind. */
bool registration_add(struct registration *registration, const struct xml_node *function);

/* Gives a function the return type and the command's own options that config writes for it (`as`), and what is wished. */
bool registration_change(struct registration *registration, const struct xml_node *function,
                         const struct xml_node *as, const struct registration_wishes *wishes);

/* Gives the functions that take query options those that are wished. */
bool registration_change_queries(struct registration *registration, const struct query_options *query);

bool registration_take_out(struct registration *registration, const struct xml_node *function);

/* The text with the changes. */
struct text registration_text(struct registration *registration);

#endif
