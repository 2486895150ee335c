/* The learned automaton: built by automaton.c for learn.c, run by match.c. See shapes.h. */
#ifndef AUTOMATON_H
#define AUTOMATON_H

#include "base/simd.h"
#include "decode/fast/shapes.h"

/* ---- Policy -------------------------------------------------------------------------------------------------------------- */

#define STATES_LIMIT 2048
#define STEPS_LIMIT 8192
#define SIGNATURES_LIMIT 64
#define LITERALS_LIMIT ((size_t)1 << 20) /* bytes of all literals */
#define KEYS_LIMIT 128

#define LESSON_LIMIT                                                                                         \
    ((size_t)64 << 10)         /* bytes of a message that is learned from: a lesson costs more than a parse */
#define LESSON_STEPS_LIMIT 512 /* new ones: a message with more is cheaper to parse than to learn */
#define LESSON_TEXT_LIMIT 1024 /* bytes of a value that decides and so is part of a literal */
#define FAILED_LESSON_COST 4   /* credits that a lesson costs which taught nothing */

#define CREDIT 64           /* new shapes learned at most before hits earn more */
#define HITS_A_CREDIT 16    /* hits that earn another */
#define MISSES_A_CREDIT 256 /* misses that do: not to be stuck with shapes that have gone */

/* After so many misses in a row only one message of REST is tried, until one is a hit: where every message has another shape, each
 * try is lost. What was learned is given TRIES. */
#define MISSES_BEFORE_REST 32
#define REST 16
#define TRIES 8

/* Where one message's row image is another's row before, the same bytes lead elsewhere: each such role has an automaton of its own.
 * They are tried in turn, the last that served first. */
#define ROLES_LIMIT 8

#define BUCKETS 256
#define LITERAL_PADDING 64 /* readable bytes after a literal */
#define COMMON_LIMIT 48    /* with the 8 bytes after them within the padding of a message */

/* ---- Keys: what a message holds ------------------------------------------------------------------------------------------ */

/* A set of things that a message holds: a member by which its form is told, a path of the layout, the text of a value that decides. */
#define KEY_WORDS (KEYS_LIMIT / 64)
struct key_set {
    uint64_t words[KEY_WORDS];
};
typedef uint64_t key_lanes __attribute__((vector_size(KEYS_LIMIT / 8))); /* the same, for the fast path */

/* ---- States and steps ---------------------------------------------------------------------------------------------------- */

/* A column that takes the value of a state. */
struct shape_use {
    const struct column *column;
    struct conversion as; /* with what the message's schema says */
    uint16_t index;       /* of the column */
    uint16_t path;        /* its number among the column's, from 0 */
    uint16_t rank;        /* the same from 1: the lowest that is present wins */
    bool is_string;       /* any value's text is the column's value */
    bool row_member;      /* directly a member of the row image: Debezium may have left the value out */
};

/* How a quote is written at each level of documents in strings of others: the message itself, the document in its payload, and a
 * document in a string of that one. Deeper ones are left to the general decoder. */
#define QUOTED_LEVELS 3
static const struct text quote_of_level[QUOTED_LEVELS] = {{"\"", 1}, {"\\\"", 2}, {"\\\\\\\"", 4}};

struct shape_step;

/* What becomes of a state's value: where one column takes it, by the first of its paths, that can be said in advance. Whatever is not
 * as this says (a string for a number) is given as HOW_GIVE. */
enum shape_how {
    HOW_GIVE,    /* give_all in match.c looks */
    HOW_PASS,    /* no column takes it */
    HOW_CROSSED, /* paths lead through it: where it is a string it may hold a document, which is not read here */
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

/* The slot of a scalar value. */
struct shape_state {
    struct text identity; /* the path to it, with all that tells it from other slots */
    struct shape_state *same_hash;
    struct shape_use *uses;
    uint32_t use_count;
    enum shape_how how;
    uint16_t index;        /* of the column, unless HOW_GIVE or HOW_PASS */
    uint8_t precision;     /* HOW_TIME: of the column's type */
    bool row_member;       /* HOW_TEXT: as in shape_use */
    uint64_t limit;        /* HOW_NATURAL: the greatest of the column's type */
    struct key_set opaque; /* HOW_CROSSED: the key of a string that was not opened, … */
    bool is_document;      /* … which is read as JSON whatever it begins with */
    uint8_t level;         /* of the document that it is in */
    uint8_t quote_size;
    uint32_t quote, quote_mask; /* the level's quote as four bytes, and which of them count */
    uint32_t common;            /* bytes that all literals begin with: COMMON_LIMIT at most */
    uint32_t step_count, step_capacity;
    const struct shape_step *quick; /* if there is no other, it has no marks and is compared at once */
    /* Longest literal first: where a scalar and a container may follow, one begins the other. Behind the last is one whose step is
     * NULL. */
    struct shape_head *heads;
};

/* Where, within a literal, something stands that a column takes. */
struct shape_mark {
    uint32_t offset;
    struct shape_use use;
    struct text name; /* MARKED_UNMAPPED */
    bool closes;
    uint8_t level; /* of the document that it is in */
    enum shape_marked {
        MARKED_CONTAINER, /* an array or object */
        MARKED_DOCUMENT,  /* a string that holds one, without its quotes */
        MARKED_SCALAR,    /* part of the literal because it decides about the outcome */
        MARKED_UNMAPPED,  /* a member that no column takes */
    } what;
};

/* The bytes from after one value to the next, or to the message's end. */
struct shape_step {
    const char *literal; /* LITERAL_PADDING readable bytes after it */
    uint32_t size;       /* not 0 */
    uint32_t last;       /* a bit for each byte of the last step in which it is compared (simd_levels.h) */
    uint32_t mark_count;
    uint32_t unique_count;    /* how many of `keys` are unique */
    struct shape_state *next; /* NULL: the message ends */
    struct shape_mark *marks;
    struct key_set keys;
};

/* What was seen together in one message, and what that message was. */
struct signature {
    struct key_set keys; /* all */
    uint16_t stage;      /* those of `decisive[stage]` decide */
    bool skipped;
    bool is_router;  /* a router value: it has no row, nor what the row must have */
    char implied_op; /* the operation that the form implies; 0 if the message says it */
    struct text reason;
};

struct shapes {
    const struct finder *finder;
    struct arena arena; /* the automaton */
    enum simd_level level;
    unsigned step_size; /* bytes that the level compares at a time */
    struct shape_state *by_hash[BUCKETS];
    struct shape_state *starts[ROLES_LIMIT]; /* one for each role, the last that served first */
    uint32_t start_count;
    uint32_t states, steps;
    size_t literal_bytes;

    struct text key_names[KEYS_LIMIT];
    uint32_t key_count;
    struct key_set unique;    /* keys that a message holds once */
    struct key_set *decisive; /* for each stage, the keys that decide until then: accept_count + 2 */
    struct signature signatures[SIGNATURES_LIMIT];
    uint32_t signature_count;

    /* While a message is matched, for each column: */
    const char **opened;  /* where a marked value begins */
    struct value *absent; /* the value without any, of rank 0 */
    uint16_t *needed;     /* the columns that must have one; last those that a router value need not have */
    size_t needed_count, router_needed_count;

    uint32_t credit;        /* messages that may still be learned from */
    uint32_t missed_in_row; /* messages since the last hit */
    struct shape_counts counts;
};

/* ---- For learn.c --------------------------------------------------------------------------------------------------------- */

/* A copy in the automaton's arena with LITERAL_PADDING bytes after it; no data if memory is refused. */
struct text automaton_keep(struct shapes *shapes, struct text text);

static inline bool key_is_in(const struct key_set *set, uint32_t key)
{
    return set->words[key / 64] >> (key % 64) & 1;
}

static inline void key_add(struct key_set *set, uint32_t key)
{
    set->words[key / 64] |= UINT64_C(1) << (key % 64);
}

#define KEY_NONE UINT32_MAX

/* The key of this name; KEY_NONE if there is no room for it. `unique`: a message holds it once. Decisive from `stage` on. */
uint32_t automaton_key(struct shapes *shapes, struct text name, bool unique, unsigned stage);
#define STAGE_NEVER UINT32_MAX /* not decisive */

/* The state of this identity, or NULL. */
struct shape_state *automaton_find_state(const struct shapes *shapes, struct text identity);

/* A new one, without uses, at this level; NULL if there is no room for it. */
struct shape_state *automaton_add_state(struct shapes *shapes, struct text identity, unsigned level);

/* The step of a state by this literal, or NULL. */
const struct shape_step *automaton_find_step(const struct shape_state *state, struct text literal);

/* Adds a copy of a step with this literal. False if there is no room for it. */
bool automaton_add_step(struct shapes *shapes, struct shape_state *state, struct text literal,
                        const struct shape_step *step);

/* Starts again if there is no more room: shapes change as tables do. */
void automaton_forget_if_full(struct shapes *shapes);

/* Where an escape ends that stands in a string of a document of this level (\n, \\n or \\\" in the message) and whose first
 * backslash is at `at`. NULL if it is none, or one that the general decoder must look at. */
const char *automaton_escape_end(const char *at, const char *end, unsigned level);

#endif
