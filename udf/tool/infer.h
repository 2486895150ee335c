/* A layout proposed from sample messages, to be edited rather than written: `debezium-udf infer < messages`.
 *
 * infer.c looks at the messages and counts what each place of the row image held; infer_propose.c chooses types by the counts and
 * writes the layout, with the counts as notes. Memory is bounded by INFER_PLACES, however many messages there are. */
#ifndef INFER_H
#define INFER_H

#include "json/json.h"
#include "host/stream.h"

#define INFER_PLACES 4096  /* places that are told apart in all */
#define INFER_CHILDREN 128 /* members of one object: with more, its keys are data */
#define INFER_DEPTH 8      /* members within each other, from the row image's own */
#define INFER_NAME 128     /* bytes of a member's name */
#define INFER_KINDS 16     /* different values of a place that tells kinds of row apart */

/* What a value may be. A value is counted for each guess it fits. */
enum guess {
    GUESS_BOOL,
    GUESS_INT64,
    GUESS_UINT64,
    GUESS_FLOAT64,
    GUESS_DECIMAL, /* a string that is a number */
    GUESS_SCALED,  /* {"scale":2,"value":"BNI="} */
    GUESS_BASE64,  /* a string that may be Debezium's decimal */
    GUESS_PADDED,  /* one of those with =, + or /, which words do not have */
    GUESS_UUID,
    GUESS_DATE, /* ISO text without a time */
    GUESS_TIME, /* ISO text with one */
    /* A whole number that as a count of the unit lies in 2000 to 2099: */
    GUESS_DAYS,
    GUESS_SECONDS,
    GUESS_MILLIS,
    GUESS_MICROS,
    GUESS_NANOS,
    GUESS_COUNT
};

/* A place in the row image: a member, a member of an object there, and so on; JSON in strings is crossed. */
struct place_seen {
    struct text name;
    struct place_seen *parent, *first, *next; /* children in the order in which they were first seen */
    unsigned depth;                           /* 1: a member of the row image */
    unsigned children;
    bool crowded; /* more than INFER_CHILDREN members, or no room left for them */

    /* Rows after a change (op c, r, u) where it was a value, an empty string, left out by Debezium; deletes where it was a value. */
    uint64_t present, empty, left_out, in_deletes;
    uint64_t numbers, strings, arrays, objects; /* of `present`; JSON in a string counts as what it holds */
    uint64_t fits[GUESS_COUNT];                 /* of `present` */
    unsigned fraction;                          /* most digits behind the point of a time's text */
    unsigned whole, scale; /* most digits before and behind the point of a decimal's text */
    struct text kinds[INFER_KINDS];
    uint64_t kind_counts[INFER_KINDS];
    unsigned kind_count; /* INFER_KINDS + 1: too many */
};

struct sample {
    struct arena own; /* places and their names */
    struct place_seen root;
    uint64_t messages, not_json, no_row, unknown;
    uint64_t rows, deletes;
    uint64_t ops[5]; /* by OPERATIONS; others count as `other_ops` */
    uint64_t other_ops;
    uint64_t positions, positions_bare, versions; /* messages with source.lsn, __lsn, ts_ns */
    struct text table;
    size_t places;
};
#define OPERATIONS "crudt"

/* Whether a member of this name holds which kind of thing its row is (aggregate_type). */
bool infer_is_kind(struct text name);

/* Writes the layout that the counts speak for. False where memory is refused or a write failed. */
bool infer_propose(const struct sample *sample, struct output *out);

/* Reads messages, one a line, until the end and writes a layout. A message of more than `most` bytes is passed over. False where
 * that failed: `problem` (room for INFER_PROBLEM) says why, or is empty where the channel told it. */
#define INFER_PROBLEM 160
bool infer_run(const struct channel *channel, uint64_t most, char *problem);

#endif
