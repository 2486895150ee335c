/* What a message's own schema says of a value: the unit of a time, the scale of a decimal. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "envelope.h"
#include "layout.h"

/* Whether a column takes anything from a schema. */
bool schema_matters(const struct column *column);

/* Sets as->unit or as->base64_scale where the schema that came with the message says them of the value that `path` leads to. Not
 * for router values, whose schema speaks of other things. */
void schema_refine(const struct json_doc *doc, const struct envelope *envelope, const struct path *path,
                   struct arena *arena, struct conversion *as);

#endif
