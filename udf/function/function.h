/* The four SQL functions: what they take, what they return, one call. */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "decode/decode.h"
#include "function/query.h"

enum function_kind { FUNCTION_DECODE, FUNCTION_EXTRACT, FUNCTION_UNNEST, FUNCTION_TIMESTAMP };

#define FUNCTION_ARGUMENTS 2 /* most arguments of a function */

struct function {
    enum function_kind kind;
    size_t argument_count;
    struct arena arena; /* owns the texts and the types below */
    const char *return_type;
    /* What a row is made of. A decoded row has `outcome` and `reason` before these. */
    struct type *types;
    struct text *names;
    size_t type_count;
    const struct layout *layout; /* decode only; borrowed */
    struct decoder *decoder;     /* decode only */
    struct query *query;         /* extract and unnest */
    struct text path;   /* extract: of every message; data is NULL where it comes with each message */
    struct value value; /* the last call's answer where it is no row */
};

/* The answer to one call, valid until the next and as long as the arguments are. */
struct answer {
    const struct row *row;      /* decode; else NULL */
    const struct value *values; /* type_count of them */
};

/* Opens a function: `layout` for decode (borrowed), `path` for extract (NULL: a second argument). False where
 * memory is refused; close it all the same. */
bool function_open(struct function *function, enum function_kind kind, const struct layout *layout,
                   const char *path);
void function_close(struct function *function);

/* Calls it. The first argument has JSON_PADDING readable bytes behind it. */
struct answer function_call(struct function *function, const struct text *arguments);

/* The answer where a message cannot be read into memory: an error row for this reason (borrowed), or NULL.
 * Not for unnest: that hands such a message on as it is. */
struct answer function_refuse(struct function *function, struct text reason);

/* The return type in SQL, from the arena: Tuple(outcome Enum8(…), reason String, …) for decode; layout may be
 * NULL otherwise. */
const char *function_type(struct arena *arena, enum function_kind kind, const struct layout *layout);

#endif
