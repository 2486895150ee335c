#include "compare.h"

#include <stdio.h>
#include <stdlib.h>

const char *way_name(enum way way)
{
    static const char *const names[WAYS] = {"no shapes, simdjson",
                                            "no shapes, cJSON",
                                            "stream, simdjson",
                                            "stream, cJSON",
                                            "alone in a new decoder",
                                            "the same message again",
                                            "the same message a third time"};
    return names[way];
}

/* The decoders of one comparison. */
struct comparison {
    const struct layout *layouts[SIDES];
    struct decoder *decoders[WAYS]; /* the first four are open all the time */
    struct text message;
    unsigned number;
    struct buffer expected, bytes;
    struct difference difference;
};

static unsigned side_of(enum way way)
{
    return way == WAY_GENERAL_CJSON || way == WAY_STREAM_CJSON ? CJSON : SIMDJSON;
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "differential: %s\n", what);
    exit(1);
}

static struct layout *read_layout(const struct side *side, struct text json)
{
    char problem[LAYOUT_PROBLEM] = "";
    struct layout *layout = side->layout_parse("random", json, problem);
    if (layout)
        return layout;
    fprintf(stderr, "differential: a layout is refused: %s\n%.*s\n", problem, (int)json.size, json.data);
    exit(1);
}

static struct decoder *open_decoder(const struct comparison *comparison, enum way way)
{
    const struct side *side = &sides[side_of(way)];
    struct decoder *decoder = side->decoder_new(comparison->layouts[side_of(way)]);
    must(decoder != NULL, "out of memory");
    if (way == WAY_GENERAL || way == WAY_GENERAL_CJSON)
        must(side->decoder_use_shapes(decoder, false), "out of memory");
    return decoder;
}

/* Decodes the message in one way; answers whether the row is the one that is expected. */
static bool try_way(struct comparison *comparison, enum way way, struct decoder *decoder)
{
    const struct layout *layout = comparison->layouts[side_of(way)];
    const struct row *row = sides[side_of(way)].decode(decoder, comparison->message);
    comparison->bytes.size = 0;
    put_row(&comparison->bytes, layout, row);
    if (text_equal(buffer_view(&comparison->bytes), buffer_view(&comparison->expected)))
        return true;
    struct difference *difference = &comparison->difference;
    *difference = (struct difference){.found = true, .message = comparison->number, .way = way};
    put_row_text(&difference->rows[1], layout, row);
    row = decode(comparison->decoders[WAY_GENERAL], comparison->message);
    put_row_text(&difference->rows[0], comparison->layouts[SIMDJSON], row);
    return false;
}

static bool try_alone(struct comparison *comparison)
{
    struct decoder *decoder = open_decoder(comparison, WAY_ALONE);
    bool same = true;
    for (enum way way = WAY_ALONE; same && way <= WAY_ONCE_MORE; way++)
        same = try_way(comparison, way, decoder);
    decoder_free(decoder);
    return same;
}

static void count(struct figures *figures, enum message_kind kind, enum outcome outcome, bool hit)
{
    figures->messages++;
    figures->events += outcome == OUTCOME_EVENT;
    figures->skipped += outcome == OUTCOME_SKIPPED;
    figures->errors += outcome == OUTCOME_ERROR;
    if (outcome == OUTCOME_ERROR)
        return;
    if (outcome == OUTCOME_SKIPPED)
        kind = MESSAGE_SKIPPED;
    figures->kinds[kind]++;
    figures->hits[kind] += hit;
}

static bool try_message(struct comparison *comparison, enum message_kind kind, bool alone,
                        struct figures *figures)
{
    const struct row *row = decode(comparison->decoders[WAY_GENERAL], comparison->message);
    const enum outcome outcome = row->outcome;
    comparison->expected.size = 0;
    put_row(&comparison->expected, comparison->layouts[SIMDJSON], row);
    const uint64_t hits = decoder_shape_counts(comparison->decoders[WAY_STREAM]).hits;
    for (enum way way = WAY_GENERAL_CJSON; way <= WAY_STREAM_CJSON; way++)
        if (!try_way(comparison, way, comparison->decoders[way]))
            return false;
    if (figures)
        count(figures, kind, outcome, decoder_shape_counts(comparison->decoders[WAY_STREAM]).hits > hits);
    return !alone || try_alone(comparison);
}

struct difference compare(struct text json, const struct stream *stream, const struct setting *setting,
                          struct figures *figures)
{
    struct comparison comparison = {0};
    struct layout *layouts[SIDES];
    for (unsigned side = 0; side < SIDES; side++) {
        must(sides[side].simd_use(setting->levels[side]), "no such level of SIMD instructions");
        comparison.layouts[side] = layouts[side] = read_layout(&sides[side], json);
    }
    for (enum way way = WAY_GENERAL; way <= WAY_STREAM_CJSON; way++)
        comparison.decoders[way] = open_decoder(&comparison, way);
    for (unsigned i = 0; i < stream->count && !comparison.difference.found; i++) {
        comparison.message = stream_message(stream, i);
        comparison.number = i;
        try_message(&comparison, stream->messages[i].kind, setting->alone > 0 && i % setting->alone == 0,
                    figures);
    }
    for (enum way way = WAY_GENERAL; way <= WAY_STREAM_CJSON; way++)
        sides[side_of(way)].decoder_free(comparison.decoders[way]);
    for (unsigned side = 0; side < SIDES; side++)
        sides[side].layout_free(layouts[side]);
    buffer_free(&comparison.expected);
    buffer_free(&comparison.bytes);
    return comparison.difference;
}

enum outcome outcome_of(struct text json, struct text message, struct buffer *reason)
{
    struct layout *layout = read_layout(&sides[SIMDJSON], json);
    struct decoder *decoder = decoder_new(layout);
    must(decoder != NULL, "out of memory");
    const struct row *row = decode(decoder, message);
    const enum outcome outcome = row->outcome;
    reason->size = 0;
    buffer_put(reason, row->reason.data, row->reason.size);
    decoder_free(decoder);
    layout_free(layout);
    return outcome;
}

void difference_free(struct difference *difference)
{
    buffer_free(&difference->rows[0]);
    buffer_free(&difference->rows[1]);
}
