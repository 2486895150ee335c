/* A message and a layout to a row: the decoder proper. It knows nothing of descriptors and formats. */
#ifndef DECODE_H
#define DECODE_H

#include "decode/fast/shapes.h"
#include "layout/layout.h"

enum outcome { OUTCOME_EVENT = 0, OUTCOME_SKIPPED = 1, OUTCOME_ERROR = 2 };

struct row {
    enum outcome outcome;
    struct text reason; /* empty for an event; the list of reasons is docs/outcomes.md */
    const struct value
        *values; /* one for each column of the layout; type defaults where the row is no event */
};

struct decoder;

/* NULL if memory is refused. The layout must outlive the decoder. */
struct decoder *decoder_new(const struct layout *layout);
void decoder_free(struct decoder *decoder);

/* Decodes one message, which must have JSON_PADDING readable bytes after it. Never fails: whatever is wrong is the row's
 * outcome. The row and all its texts are valid until the next call and as long as the message is. */
const struct row *decode(struct decoder *decoder, struct text message);

/* Whether shapes are learned (see fast/shapes.h): so from the start. Answers never depend on it; tests and benchmarks turn it off.
 * What was learned is forgotten. False if memory is refused. */
bool decoder_use_shapes(struct decoder *decoder, bool use);

/* Counts messages from here, for tests of what lasts long. */
void decoder_count_from(struct decoder *decoder, uint64_t messages);

struct shape_counts decoder_shape_counts(const struct decoder *decoder);

/* The row of a message that is not decoded: an error with the type defaults, for this reason (borrowed). */
const struct row *decode_refused(struct decoder *decoder, struct text reason);

#endif
