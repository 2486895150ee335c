/* The SQL functions. A function is a row of `functions`: the command line, the registration and the formats take what they need to
 * know of it from there. */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "decode/decode.h"
#include "function/query.h"

#define FUNCTION_ARGUMENTS 2 /* arguments of a function, at most */

struct function;

/* The answer to one call, valid until the next and as long as the arguments are. */
struct answer {
    const struct row *row;      /* of a function that answers rows; else NULL */
    const struct value *values; /* type_count of them */
};

/* What a function is opened with. Which of these it takes, its row says. All is borrowed. */
struct function_options {
    const struct layout *layout;
    const char *path; /* of every message; NULL: the second argument is the path */
    struct query_options query;
};

enum function_takes {
    FUNCTION_TAKES_LAYOUT = 1, /* must have one */
    FUNCTION_TAKES_PATH = 2,   /* may have one */
    FUNCTION_TAKES_QUERY_OPTIONS = 4,
};

struct function_kind {
    const char *command; /* by which the program runs it */
    const char *summary; /* in --help */
    const char *name;    /* in SQL; NULL: the layout's */
    /* Their names, NULL after the last. The second one is the path. All are Strings. */
    const char *arguments[FUNCTION_ARGUMENTS + 1];
    const char *return_type; /* in SQL; NULL: the layout's, see function_type */
    unsigned takes;          /* of function_takes */
    bool
        answers_json; /* line feeds in its texts are JSON's white space: a format may write spaces for them */

    /* Sets what the function's row of answers is made of. False if memory is refused. */
    bool (*open)(struct function *function, const struct function_options *options);
    struct answer (*call)(struct function *function, const struct text *arguments);
    /* See function_refuse. NULL: a message that is not read into memory is the answer, as it stands. */
    struct answer (*refuse)(struct function *function, struct text reason);
};

enum { FUNCTION_DECODE, FUNCTION_EXTRACT, FUNCTION_UNNEST, FUNCTION_TIMESTAMP, FUNCTION_COUNT };
extern const struct function_kind functions[FUNCTION_COUNT];

/* How many arguments it has in SQL. */
static inline size_t function_arguments(const struct function_kind *kind)
{
    size_t count = 0;
    while (kind->arguments[count])
        count++;
    return count;
}

struct function {
    const struct function_kind *kind;
    size_t argument_count;
    struct arena arena; /* owns the texts and the types below */
    const char *return_type;
    /* What an answer is made of. A row has `outcome` and `reason` before these. */
    struct type *types;
    struct text *names; /* of a function that answers rows */
    size_t type_count;
    const struct layout *layout; /* of a function that answers rows; else NULL. Borrowed */
    struct decoder *decoder;     /* likewise */
    struct query *query;         /* extract and unnest */
    struct text path;            /* of every message; data is NULL if it comes with each message */
    struct value value;          /* the last call's answer where it is no row */
};

/* False if memory is refused; close it all the same. */
bool function_open(struct function *function, const struct function_kind *kind,
                   const struct function_options *options);
void function_close(struct function *function);

/* Calls it. The first argument has JSON_PADDING readable bytes after it. */
static inline struct answer function_call(struct function *function, const struct text *arguments)
{
    return function->kind->call(function, arguments);
}

/* The answer where a message cannot be read into memory: an error row for this reason (borrowed), or NULL. Not for a function that
 * hands such a message on as it is: see function_kind. */
static inline struct answer function_refuse(struct function *function, struct text reason)
{
    return function->kind->refuse(function, reason);
}

/* The return type in SQL, from the arena: by a layout Tuple(outcome Enum8(…), reason String, …). `layout` may be NULL if the
 * function takes none. NULL if memory is refused. */
const char *function_type(struct arena *arena, const struct function_kind *kind, const struct layout *layout);

/* What a registration of this function with this layout relies on: a hash of the layout's file, of arguments and return type as this
 * version of the program has them, and of the format's name. 0 if memory is refused. */
uint64_t function_fingerprint(const struct function_kind *kind, const struct layout *layout,
                              const char *format);

#endif
