/* What stands in a message where a value stands: literals that resemble each other, and values that differ from message to message. */
#ifndef VALUES_H
#define VALUES_H

#include "buffer.h"
#include "chance.h"

/* What a member's values look like. */
enum kind {
    KIND_WORD,    /* "w123" */
    KIND_TEXT,    /* escapes, characters above ASCII, any length */
    KIND_WHOLE,   /* 123 */
    KIND_REAL,    /* 12.5 */
    KIND_DIGITS,  /* "123" */
    KIND_ISO,     /* "2026-01-02T03:04:05.123456Z" */
    KIND_EPOCH,   /* a number in the unit that the schema says */
    KIND_FLAG,    /* true or false */
    KIND_UUID,    /* */
    KIND_BYTES,   /* a decimal's bytes in base64 */
    KIND_SCALED,  /* {"scale":2,"value":"AQ=="} */
    KIND_LITERAL, /* one of the member's literals */
    KINDS
};

/* Units that a schema may name. */
enum semantic {
    SEMANTIC_NONE,
    SEMANTIC_DAYS,
    SEMANTIC_MILLIS,
    SEMANTIC_MICROS,
    SEMANTIC_NANOS,
    SEMANTIC_SCALE_2,
    SEMANTIC_SCALE_0,
    SEMANTICS
};

/* The fields of a Connect schema that say so: `"type":"int64","name":"…"`. */
const char *semantic_schema(enum semantic semantic);

/* Puts a value of this kind; a literal is chosen by whoever has the member. */
void put_kind(struct buffer *out, struct chance *chance, enum kind kind, enum semantic semantic);

/* Literals: JSON as it stands in a message. */
unsigned literal_count(void);
const char *literal_json(unsigned number);

/* Another literal that is easily taken for this one, mostly: of the same family (["gold"], "[\"gold\"]", gold), or of the same outline
 * (["gold"], ["none"], ["__debezium_unavailable_value"]). */
unsigned literal_like(struct chance *chance, unsigned number);

/* What an `accept` rule must name to accept the literal: a string's text, any other value's JSON. Empty where it can accept none. */
void put_literal_text(struct buffer *out, unsigned number);

/* The text of a JSON value of which all escapes are \" or \\ or \u00XX. */
void put_text_of(struct buffer *out, struct text json);

#endif
