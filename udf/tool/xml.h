/* XML, as far as a server's settings need it: elements by their names, without attributes, entities and name spaces. */
#ifndef XML_H
#define XML_H

#include "base/text.h"

/* Overwrites the comments with spaces, so that every byte stays where it is. */
void xml_blank_comments(char *xml, size_t size);

/* What the first element of this name holds, from behind its opening tag to its closing one; data is NULL if there is none. */
struct text xml_element(struct text xml, const char *name);

/* The same without the white space around it, and cut at the first element within it. */
struct text xml_value(struct text xml, const char *name);

#endif
