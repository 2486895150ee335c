/* The learned automaton: written by shape_learn.c, run by shape_match.c. See shape.h. */
#ifndef SHAPE_GRAPH_H
#define SHAPE_GRAPH_H

#include "shape.h"

__extension__ typedef unsigned __int128
    shape_keys; /* a set of things that a message holds once: note_key in shape_learn.c */
#define SHAPE_KEYS_MOST 128
#define SHAPE_BUCKETS 256
#define SHAPE_STATES_MOST 2048
#define SHAPE_STEPS_MOST 8192
#define SHAPE_SIGNATURES_MOST 64
#define SHAPE_VALUES_MOST 512 /* in one message: one with more is cheaper to parse than to learn */
#define SHAPE_FAILED_COST 4   /* credits that a lesson costs which taught nothing */
/* After so many misses in a row only one message of SHAPE_REST is tried, until one is a hit: where every message has another shape,
 * trying is in vain. What was learned is given SHAPE_TRIES. */
#define SHAPE_MISSES_BEFORE_REST 32
#define SHAPE_REST 16
#define SHAPE_TRIES 8
#define SHAPE_LITERALS_MOST ((size_t)1 << 20) /* bytes of all literals */

/* A column that takes the value of a state. */
struct shape_use {
    const struct column *column;
    struct conversion as; /* with what the message's schema says */
    uint16_t index;       /* of the column */
    uint16_t rank;        /* of the path among the column's, from 1: the lowest that is present wins */
    bool row_member;      /* directly a member of the row image: Debezium may have left the value out */
};

struct shape_step;

/* The place of a scalar value. */
struct shape_state {
    struct text identity; /* the path to it, with all that tells it from other places */
    struct shape_state *same_hash;
    struct shape_use *uses;
    uint32_t use_count;
    bool escaped; /* in the string-encoded document, where a quote is \" */
    bool crossed; /* paths lead through it: a string here may hold a document */
    struct shape_step *steps;
};

/* Where, within a literal, a value begins or ends that a column takes: an array or object whose bytes go to a String, or a scalar
 * that is part of the literal because it decides about the outcome. */
struct shape_mark {
    uint32_t offset;
    struct shape_use use;
    bool closes;
    bool escaped;
    bool scalar;
};

/* The bytes from behind one value to the next, or to the message's end. */
struct shape_step {
    struct shape_step *other; /* another way on from the same state */
    const char *literal;      /* 8 readable bytes behind it */
    uint32_t size;
    uint32_t mark_count;
    struct shape_state *next; /* NULL: the message ends */
    struct shape_mark *marks;
    shape_keys keys;
};

struct shapes {
    struct shape_layout layout;
    struct arena arena; /* the automaton */
    struct shape_state *by_hash[SHAPE_BUCKETS];
    struct shape_state *start;
    uint32_t states, steps;
    size_t literal_bytes;

    struct text key_names[SHAPE_KEYS_MOST];
    uint32_t key_count;
    shape_keys decisive; /* the keys that decide about the outcome */
    /* The decisive keys that were seen together in one message. */
    shape_keys signatures[SHAPE_SIGNATURES_MOST];
    uint32_t signature_count;

    /* While a message is matched, for each column: */
    uint16_t *chosen;     /* the rank of the path whose value it has; 0: none */
    const char **opened;  /* where a marked container begins */
    struct value *absent; /* the value without any */

    uint32_t credit;        /* messages that may still be learned from */
    uint32_t missed_in_row; /* messages since the last hit */
    struct shape_counts counts;
};

/* Where an escape ends that stands in a string of the string-encoded document (\\n or \\\" in the message) and whose first
 * backslash is at `at`. NULL where it is none, or one that the general decoder must look at. */
const char *shape_inner_escape_end(const char *at, const char *end);

#endif
