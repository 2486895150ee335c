/* The whole decoder twice in one program: once on simdjson and once on cJSON, whose symbols the Makefile gives the prefix cjson_. */
#ifndef SIDES_H
#define SIDES_H

#include "buffer.h"
#include "decode/decode.h"

struct side {
    const char *name;
    struct layout *(*layout_parse)(const char *file, struct text json, char *problem);
    void (*layout_free)(struct layout *layout);
    struct decoder *(*decoder_new)(const struct layout *layout);
    void (*decoder_free)(struct decoder *decoder);
    bool (*decoder_use_shapes)(struct decoder *decoder, bool use);
    struct shape_counts (*decoder_shape_counts)(const struct decoder *decoder);
    const struct row *(*decode)(struct decoder *decoder, struct text message);
    bool (*simd_use)(const char *name);
};

enum { SIMDJSON, CJSON, SIDES };
extern const struct side sides[SIDES];

/* Puts the row's bytes: outcome, reason, and the values as RowBinary has them. */
void put_row(struct buffer *out, const struct layout *layout, const struct row *row);

/* Puts the row as a line that a person reads. */
void put_row_text(struct buffer *out, const struct layout *layout, const struct row *row);

#endif
