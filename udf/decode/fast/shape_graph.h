/* The learned automaton: written by shape_learn.c, run by shape_match.c. See shape.h. */
#ifndef SHAPE_GRAPH_H
#define SHAPE_GRAPH_H

#include "decode/fast/shape.h"
#include "base/simd.h"

__extension__ typedef unsigned __int128
    shape_keys; /* a set of things that a message holds once: note_key in shape_learn.c */
#define SHAPE_KEYS_MOST 128
typedef uint64_t shape_lanes __attribute__((vector_size(16))); /* shape_keys, for the fast path */
#define SHAPE_BUCKETS 256
#define SHAPE_STATES_MOST 2048
#define SHAPE_STEPS_MOST 8192
#define SHAPE_SIGNATURES_MOST 64
#define SHAPE_LESSON_MOST                                                                                    \
    ((size_t)64 << 10) /* bytes of a message that is learned from: a lesson costs more than a parse */
#define SHAPE_STEPS_A_MESSAGE 512 /* new ones: a message with more is cheaper to parse than to learn */
#define SHAPE_FAILED_COST 4       /* credits that a lesson costs which taught nothing */
/* After so many misses in a row only one message of SHAPE_REST is tried, until one is a hit: where every message has another shape,
 * trying is in vain. What was learned is given SHAPE_TRIES. */
#define SHAPE_MISSES_BEFORE_REST 32
#define SHAPE_REST 16
#define SHAPE_TRIES 8
#define SHAPE_LITERALS_MOST ((size_t)1 << 20) /* bytes of all literals */
#define SHAPE_PADDING 64                      /* readable bytes behind each */
#define SHAPE_COMMON_MOST 48 /* with the 8 bytes behind them within the padding of a message */

/* A column that takes the value of a state. */
struct shape_use {
    const struct column *column;
    struct conversion as; /* with what the message's schema says */
    uint16_t index;       /* of the column */
    uint16_t rank;        /* of the path among the column's, from 1: the lowest that is present wins */
    bool is_string;       /* the column's type is String */
    bool row_member;      /* directly a member of the row image: Debezium may have left the value out */
};

/* How a quote is written at each level of documents in strings of others: the message itself, the document in its payload, and a
 * document in a string of that one. Deeper ones are left to the general decoder. */
#define SHAPE_LEVELS 3
static const struct text shape_quotes[SHAPE_LEVELS] = {{"\"", 1}, {"\\\"", 2}, {"\\\\\\\"", 4}};

struct shape_step;

/* What becomes of a state's value: where one column takes it, by the first of its paths, that can be said beforehand. Whatever is not as
 * this says (a string for a number) is given as HOW_GIVE. */
enum shape_how {
    HOW_GIVE,    /* give_all in shape_match.c looks */
    HOW_PASS,    /* no column takes it */
    HOW_CROSSED, /* paths lead through it: it is none where it is a string, which may hold a document */
    HOW_TEXT,    /* a string, to String */
    HOW_TIME,    /* a string, to DateTime64 */
    HOW_NATURAL, /* a number of digits alone, to integers */
    HOW_REAL,    /* a number of few digits, to Float64 */
};

/* Tells a state's steps apart: the eight bytes of a literal behind what all of them begin with, as far as the literal goes. */
struct shape_head {
    uint64_t bytes, mask;
    const struct shape_step *step;
};

/* The place of a scalar value. */
struct shape_state {
    struct text identity; /* the path to it, with all that tells it from other places */
    struct shape_state *same_hash;
    struct shape_use *uses;
    uint32_t use_count;
    enum shape_how how;
    uint16_t index;    /* of the column, unless HOW_GIVE or HOW_PASS */
    uint8_t precision; /* HOW_TIME: of the column's type */
    bool row_member;   /* HOW_TEXT: as in shape_use */
    uint64_t most;     /* HOW_NATURAL: of the column's type */
    uint8_t level;     /* of the document that it is in */
    uint8_t quote_size;
    uint32_t quote, quote_mask; /* the level's quote as four bytes, and which of them count */
    uint32_t common;            /* bytes that all literals begin with: SHAPE_COMMON_MOST at most */
    uint32_t step_count, step_room;
    const struct shape_step *quick; /* where there is no other, it has no marks and is compared at once */
    struct shape_head *
        heads; /* longest literal first: where a scalar and a container may follow, one begins the other. Behind
                                 the last is one whose step is NULL */
};

/* Where, within a literal, a value begins or ends that a column takes. */
struct shape_mark {
    uint32_t offset;
    struct shape_use use;
    bool closes;
    uint8_t level; /* of the document that it is in */
    enum shape_marked {
        MARKED_CONTAINER, /* an array or object whose bytes go to a String */
        MARKED_DOCUMENT,  /* a string that holds one, without its quotes */
        MARKED_SCALAR,    /* part of the literal because it decides about the outcome */
    } what;
};

/* The bytes from behind one value to the next, or to the message's end. */
struct shape_step {
    const char *literal; /* SHAPE_PADDING readable bytes behind it */
    uint32_t size;       /* not 0 */
    uint32_t last;       /* a bit for each byte of the last step in which it is compared (simd_levels.h) */
    uint32_t mark_count;
    uint32_t key_count;       /* how many `keys` are */
    struct shape_state *next; /* NULL: the message ends */
    struct shape_mark *marks;
    shape_keys keys;
};

struct shapes {
    struct shape_layout layout;
    struct arena arena; /* the automaton */
    enum simd_level level;
    unsigned step_size; /* bytes that the level compares at a time */
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
    const char **opened;  /* where a marked value begins */
    struct value *absent; /* the value without any, of rank 0 */
    uint16_t *required;   /* the columns that must have one */
    size_t required_count;

    uint32_t credit;        /* messages that may still be learned from */
    uint32_t missed_in_row; /* messages since the last hit */
    struct shape_counts counts;
};

/* Where an escape ends that stands in a string of a document of this level (\n, \\n or \\\" in the message) and whose first
 * backslash is at `at`. NULL where it is none, or one that the general decoder must look at. */
const char *shape_escape_end(const char *at, const char *end, unsigned level);

#endif
