/* Other JSON libraries doing what the decoder does: a message read whole and each column's value found, for bench/decode.c,
 * which converts and writes the values for all of them alike. */
#ifndef RIVALS_H
#define RIVALS_H

#include <stdint.h>

#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RIVAL_COLUMNS 20 /* of the default layout, in its order */

enum rival_kind {
    RIVAL_ABSENT,
    RIVAL_STRING,
    RIVAL_RAW,
    RIVAL_INTEGER,
    RIVAL_NATURAL,
    RIVAL_REAL,
    RIVAL_FALSE,
    RIVAL_TRUE
};

struct rival_value {
    enum rival_kind
        kind; /* RIVAL_RAW: a number's or a container's text; the numbers where the library keeps no text */
    struct text text;
    union {
        int64_t integer;
        uint64_t natural;
        double real;
    } as;
};

struct rival_row {
    struct text op, aggregate_type;
    struct rival_value values[RIVAL_COLUMNS];
};

struct rival {
    const char *name;
    /* For messages of at most `most` bytes; NULL where memory is refused. */
    void *(*open)(size_t most);
    void (*close)(void *state);
    /* False where the message is not JSON, or its payload is none. The row begins empty; its texts are valid until the next
     * call. 64 bytes behind the message are readable. */
    bool (*read)(void *state, struct text message, struct rival_row *row);
};

extern const struct rival rival_ondemand, rival_dom, rival_yyjson, rival_cjson;

/* Where a member is, and what it is for. */
enum rival_level { LEVEL_NONE, LEVEL_MESSAGE, LEVEL_SOURCE, LEVEL_ROW, LEVEL_PAYLOAD, LEVEL_PROPERTIES };

enum {
    SLOT_NONE = -1,
    SLOT_OP = -2,
    SLOT_AGGREGATE_TYPE = -3,
    SLOT_SOURCE = -4,
    SLOT_ROW = -5,
    SLOT_PAYLOAD = -6,
    SLOT_WHOLE = -7
};
enum { SLOT_PROPERTIES = 10 };

struct rival_member {
    struct text key;
    int slot; /* a column's index, or one of the above */
};

extern const struct rival_member *const rival_members[]; /* of each level; a key of size 0 ends them */

static inline int rival_slot(enum rival_level level, const char *key, size_t size)
{
    for (const struct rival_member *member = rival_members[level]; member->key.size > 0; member++)
        if (member->key.size == size && memcmp(member->key.data, key, size) == 0)
            return member->slot;
    return SLOT_NONE;
}

/* The level of an object that stands in this slot. */
static inline enum rival_level rival_level_of(int slot)
{
    switch (slot) {
    case SLOT_SOURCE:
        return LEVEL_SOURCE;
    case SLOT_ROW:
        return LEVEL_ROW;
    case SLOT_WHOLE:
        return LEVEL_MESSAGE;
    case SLOT_PROPERTIES:
        return LEVEL_PROPERTIES;
    default:
        return LEVEL_NONE;
    }
}

/* Puts a string where its slot wants it. SLOT_PAYLOAD: in *payload. */
static inline void rival_take_string(struct rival_row *row, int slot, struct text text, struct text *payload)
{
    if (slot >= 0) {
        row->values[slot].kind = RIVAL_STRING;
        row->values[slot].text = text;
    } else if (slot == SLOT_OP) {
        row->op = text;
    } else if (slot == SLOT_AGGREGATE_TYPE) {
        row->aggregate_type = text;
    } else if (slot == SLOT_PAYLOAD) {
        *payload = text;
    }
}

/* Whether the properties are a string, to be read as a document. */
static inline bool rival_has_document(const struct rival_row *row)
{
    const struct rival_value *properties = &row->values[SLOT_PROPERTIES];
    return properties->kind == RIVAL_STRING && properties->text.size > 0 && properties->text.data[0] == '{';
}

/* The bytes of the properties in a payload that is JSON, for libraries that do not keep a value's place. */
struct text rival_find_properties(struct text payload);

#ifdef __cplusplus
}
#endif

#endif
