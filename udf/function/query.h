/* The analysts' functions on one message: extract and unnest. */
#ifndef QUERY_H
#define QUERY_H

#include "layout/layout.h"

struct query;

/* What the registered command says of the messages; nothing of it is guessed. All texts are borrowed. */
struct query_options {
    struct text metadata_prefix; /* as a layout's `metadata_prefix` */
    bool has_metadata_prefix;
    struct text *base64_documents; /* members whose strings hold a document in base64; `count` of them */
    size_t count;
};

/* NULL if memory is refused. */
struct query *query_new(const struct query_options *options);
void query_free(struct query *query);

/* debeziumExtract: the value at the path as text (a string with its escapes read, anything else as its JSON stands). False if
 * the message is not JSON, or the path is none, absent or null. The message needs JSON_PADDING readable bytes after it; the
 * answer is valid until the next call and as long as the message is. */
bool query_extract(struct query *query, struct text message, struct text path, struct text *answer);

/* debeziumUnnest: the message with the JSON that strings of `before` and `after` hold (objects and arrays, to 4 levels) expanded
 * in place; a message that is not JSON comes back as it is. Validity as above. */
struct text query_unnest(struct query *query, struct text message);

#endif
