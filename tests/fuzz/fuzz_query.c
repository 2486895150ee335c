/* The analysts' functions. The path stands before the first newline, the message behind it. What is JSON stays JSON when it is
 * unnested, and what is none comes back as it is; extract answers for JSON alone. A registry's header in front of the JSON is no part
 * of it. */
#include "debezium/view.h"
#include "function/query.h"
#include "fuzz.h"
#include "grammar.h"

static struct query *query;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!query)
        HOLDS((query = query_new(&(struct query_options){.count = 0})));
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t path_size = newline ? (size_t)(newline - data) : 0;
    char *path = padded(data, path_size, 0);
    if (newline) {
        size -= path_size + 1;
        data = newline + 1;
    }
    char *message = padded(data, size, '"');
    struct text text = {message, size}, answer = {NULL, 0};
    size_t values;
    const struct text body = view_body(text);
    bool valid = grammar_accepts((const uint8_t *)body.data, body.size, &values);

    if (query_extract(query, text, (struct text){path, path_size}, &answer)) {
        HOLDS(valid);
        HOLDS(grammar_is_utf8((const uint8_t *)answer.data, answer.size));
        touch(answer);
    }
    answer = query_unnest(query, text);
    if (!valid)
        HOLDS(text_equal(answer, text));
    else
        HOLDS(grammar_is_utf8((const uint8_t *)answer.data, answer.size));
    /* An expanded document is as deep as its own depth and that of its place. */
    size_t deepest = 0;
    for (size_t i = 0, depth = 0; i < answer.size; i++) {
        depth += answer.data[i] == '{' || answer.data[i] == '[';
        deepest = depth > deepest ? depth : deepest;
    }
    if (valid && deepest <= GRAMMAR_DEPTH)
        HOLDS(grammar_accepts((const uint8_t *)answer.data, answer.size, &values));
    free(message);
    free(path);
    return 0;
}
