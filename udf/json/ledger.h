/* What was consulted of a message on the way to its outcome: which value, and for what.
 *
 * The general decoder writes it while it decodes, and the fast path learns by it alone: what was consulted and is neither part of a
 * literal nor the value of a slot must not be learned (decode/fast/learn.c). So there is one idea of what decides. */
#ifndef LEDGER_H
#define LEDGER_H

#include "json/json.h"

enum consulted {
    CONSULTED_FORM, /* the value's kind or text decided about the form, the operation or the row image */
    CONSULTED_RULE, /* accept rule `index` looked at it; LEDGER_NO_RULE where a column did what a rule does */
    CONSULTED_COLUMN, /* column `index` may take it, by its path number `path` */
    CONSULTED_OPENED, /* a string: `opened` is the document in it, for what was consulted below */
};

struct ledger_entry {
    const struct json_doc *doc;
    const struct json_node *node;
    const struct json_doc *opened; /* CONSULTED_OPENED; NULL: it holds no document, which was looked at */
    uint16_t index, path;
    uint8_t what; /* enum consulted */
    bool learned; /* the learner's: part of a literal, or the value of a slot with this reader */
};

struct ledger {
    struct ledger_entry *entries; /* from the arena */
    size_t count, capacity;
    bool failed; /* memory was refused: nothing can be learned */
};

void ledger_write(struct ledger *ledger, struct arena *arena, struct ledger_entry entry);

/* Adds an entry; nothing where ledger is NULL, as it is while nothing is learned. */
static inline void ledger_add(struct ledger *ledger, struct arena *arena, struct ledger_entry entry)
{
    if (__builtin_expect(ledger != NULL, 0))
        ledger_write(ledger, arena, entry);
}

#endif
