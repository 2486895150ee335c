/* RFC 8259, strictly and byte by byte: what no library says exactly enough. It names a fault and its byte for both back ends, and
 * lists where each value of a document stands. The words are those of docs/outcomes.md. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include "json/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the values stand, in document order, those at most `depth` containers deep: start, end, key and the escaped flags of
 * each node are set; kind and next are not. */
struct json_places {
    unsigned depth;
    struct json_node *nodes; /* from the arena */
    uint32_t count, room;
};

/* False with *fault where the text is not JSON. `places` may be NULL: then nothing is listed. */
bool json_check(struct arena *arena, struct text text, struct json_places *places, struct json_fault *fault);

/* Where the number that begins at `at` ends; NULL if it breaks the grammar. */
const char *json_number_end(const char *at, const char *end);

/* Where the literal that begins at `at` (true, false, null) ends; NULL if it is none. */
static inline const char *json_literal_end(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    if (left >= 4 && (memcmp(at, "null", 4) == 0 || memcmp(at, "true", 4) == 0))
        return at + 4;
    if (left >= 5 && memcmp(at, "false", 5) == 0)
        return at + 5;
    return NULL;
}

/* Where the escape ends whose backslash is at `at`. NULL with *what if it is none. */
const char *json_escape_end(const char *at, const char *end, const char **what);

/* Whether every escape is one from the first backslash of a string's text, at `at`, to its end, behind which JSON_PADDING bytes
 * are readable. */
bool json_escapes_valid(const char *at, const char *end);

/* Bytes of the well-formed UTF-8 sequence at `at`; 0 if it is ill-formed. */
size_t json_utf8_length(const char *at, const char *end);

static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#ifdef __cplusplus
}
#endif

#endif
