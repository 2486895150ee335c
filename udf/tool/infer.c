#include "tool/infer.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/format.h"
#include "debezium/view.h"
#include "value/convert.h"
#include "debezium/left_out.h"

struct inference {
    struct sample sample;
    struct json_parser *parser;
    struct arena message;
    struct path_walk walk;
    bool deleted; /* the row image is the one before a delete */
};

bool infer_is_kind(struct text name)
{
    /* Debezium's EventRouter calls it aggregatetype. */
    return text_equal(name, TEXT("aggregate_type")) || text_equal(name, TEXT("aggregatetype"));
}

/* ---- Places -------------------------------------------------------------------------------------------------------------- */

static struct text keep(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (!copy)
        return (struct text){NULL, 0};
    if (text.size)
        memcpy(copy, text.data, text.size);
    return (struct text){copy, text.size};
}

/* The child by this name, made where there is none yet; NULL where there is no room for it. */
static struct place_seen *child_of(struct sample *sample, struct place_seen *parent, struct text name)
{
    struct place_seen **end = &parent->first;
    for (; *end; end = &(*end)->next)
        if (text_equal((*end)->name, name))
            return *end;
    if (parent->crowded || parent->depth == INFER_DEPTH || name.size > INFER_NAME)
        return NULL;
    if (parent->children == INFER_CHILDREN || sample->places == INFER_PLACES) {
        parent->crowded = true;
        return NULL;
    }
    struct place_seen *child = arena_alloc(&sample->own, sizeof *child);
    struct text copy = keep(&sample->own, name);
    if (!child || !copy.data)
        return NULL;
    *child = (struct place_seen){.name = copy, .parent = parent, .depth = parent->depth + 1};
    *end = child;
    parent->children++;
    sample->places++;
    return child;
}

static void note_kind(struct sample *sample, struct place_seen *place, struct text value)
{
    if (place->depth != 1 || !infer_is_kind(place->name) || place->kind_count > INFER_KINDS)
        return;
    unsigned i = 0;
    while (i < place->kind_count && !text_equal(place->kinds[i], value))
        i++;
    if (i == place->kind_count) {
        place->kind_count++;
        if (i == INFER_KINDS || value.size > INFER_NAME)
            return;
        place->kinds[i] = keep(&sample->own, value);
    }
    place->kind_counts[i]++;
}

/* ---- Values -------------------------------------------------------------------------------------------------------------- */

static bool converts(const struct json_value *value, const char *type, bool base64, struct arena *arena)
{
    struct conversion as = {.unit = UNIT_AUTO, .base64 = base64};
    struct value converted;
    return type_parse(type, &as.type) && convert(value, &as, arena, &converted);
}

/* From 2000-01-01 to 2099-12-31. */
#define FIRST_DAY 10957
#define LAST_DAY 47481

static void guess_units(struct place_seen *place, const struct json_value *value, struct arena *arena)
{
    static const struct {
        enum guess guess;
        int64_t a_day;
    } units[] = {{GUESS_DAYS, 1},
                 {GUESS_SECONDS, 86400},
                 {GUESS_MILLIS, 86400000},
                 {GUESS_MICROS, INT64_C(86400000000)},
                 {GUESS_NANOS, INT64_C(86400000000000)}};
    struct conversion as = {.unit = UNIT_AUTO};
    struct value converted;
    if (!type_parse("Int64", &as.type) || !convert(value, &as, arena, &converted))
        return;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t days = converted.as.integer / units[i].a_day;
        place->fits[units[i].guess] += days >= FIRST_DAY && days <= LAST_DAY;
    }
}

static unsigned digits_from(struct text text, size_t at)
{
    unsigned count = 0;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9') {
        at++;
        count++;
    }
    return count;
}

static unsigned digits_behind_point(struct text text)
{
    const char *point = text.size ? memchr(text.data, '.', text.size) : NULL;
    return point ? digits_from(text, (size_t)(point - text.data) + 1) : 0;
}

static void raise_to(unsigned *most, unsigned value)
{
    if (value > *most)
        *most = value;
}

/* 007 and +49: numbers to convert(), names to people. */
static bool is_padded_number(struct text text)
{
    size_t sign = text.size > 0 && text.data[0] == '-';
    return text.size > sign + 1 && text.data[sign] == '0' && text.data[sign + 1] != '.';
}

static void guess_text(struct place_seen *place, const struct json_value *value, struct arena *arena)
{
    struct text text = value->text;
    if (converts(value, "Decimal(38, 10)", false, arena)) {
        place->fits[GUESS_DECIMAL]++;
        raise_to(&place->whole, digits_from(text, text.data[0] == '-'));
        raise_to(&place->scale, digits_behind_point(text));
    }
    if (converts(value, "Decimal(38, 0)", true, arena)) {
        place->fits[GUESS_BASE64]++;
        for (size_t i = 0; i < text.size; i++) {
            if (text.data[i] == '=' || text.data[i] == '+' || text.data[i] == '/') {
                place->fits[GUESS_PADDED]++;
                break;
            }
        }
    }
    place->fits[GUESS_UUID] += converts(value, "UUID", false, arena);
    struct instant instant;
    if (!instant_from_iso(text, &instant) || !converts(value, "DateTime64(6, 'UTC')", false, arena))
        return;
    bool alone = text.size == sizeof "2026-01-02" - 1;
    place->fits[alone ? GUESS_DATE : GUESS_TIME]++;
    raise_to(&place->fraction, digits_behind_point(text));
}

static void guess_scalar(struct place_seen *place, const struct json_value *value, struct arena *arena)
{
    bool is_string = value->kind == VALUE_STRING;
    place->numbers += value->kind == VALUE_NUMBER;
    place->strings += is_string;
    place->fits[GUESS_BOOL] += converts(value, "Bool", false, arena);
    if (is_string)
        guess_text(place, value, arena);
    if (is_string && is_padded_number(value->text))
        return;
    place->fits[GUESS_INT64] += converts(value, "Int64", false, arena);
    place->fits[GUESS_UINT64] += converts(value, "UInt64", false, arena);
    place->fits[GUESS_FLOAT64] += converts(value, "Float64", false, arena);
    guess_units(place, value, arena);
}

static void see_value(struct inference *inference, struct place_seen *place, const struct json_doc *doc,
                      const struct json_node *node);

static void see_members(struct inference *inference, struct place_seen *place, const struct json_doc *doc,
                        const struct json_node *object)
{
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member)) {
        struct place_seen *child =
            child_of(&inference->sample, place, json_key(doc, member, &inference->message));
        if (child)
            see_value(inference, child, doc, member);
    }
}

static void see_container(struct inference *inference, struct place_seen *place, const struct json_doc *doc,
                          const struct json_node *node)
{
    struct json_value value;
    json_value_of(doc, node, &inference->message, &value);
    bool scaled = converts(&value, "Decimal(38, 10)", true, &inference->message);
    if (!inference->deleted) {
        place->objects += node->kind == JSON_OBJECT;
        place->arrays += node->kind == JSON_ARRAY;
        place->fits[GUESS_SCALED] += scaled;
    }
    if (node->kind == JSON_OBJECT && !scaled)
        see_members(inference, place, doc, node);
}

static void see_value(struct inference *inference, struct place_seen *place, const struct json_doc *doc,
                      const struct json_node *node)
{
    struct json_value value;
    json_value_of(doc, node, &inference->message, &value);
    if (node->kind == JSON_NULL)
        return;
    if (is_left_out_form(value.text)) {
        place->left_out += !inference->deleted;
        return;
    }
    if (value.kind == VALUE_STRING && value.text.size == 0) {
        place->empty += !inference->deleted;
        return;
    }
    place->present += !inference->deleted;
    place->in_deletes += inference->deleted;
    struct json_doc held;
    if (value.kind == VALUE_CONTAINER)
        see_container(inference, place, doc, node);
    else if (value.kind == VALUE_STRING && document_in_text(&inference->walk, value.text, &held))
        see_container(inference, place, &held, held.nodes);
    else if (!inference->deleted) {
        guess_scalar(place, &value, &inference->message);
        if (value.kind == VALUE_STRING)
            note_kind(&inference->sample, place, value.text);
    }
}

/* ---- Messages ------------------------------------------------------------------------------------------------------------ */

static void see_source(struct inference *inference, const struct json_doc *doc, const struct json_node *root)
{
    struct sample *sample = &inference->sample;
    struct arena *arena = &inference->message;
    const struct json_node *source = json_member(doc, root, TEXT("source"), arena);
    const struct json_node *lsn = json_member(doc, source, TEXT("lsn"), arena);
    const struct json_node *bare = json_member(doc, root, TEXT("__lsn"), arena);
    const struct json_node *version = json_member(doc, root, TEXT("ts_ns"), arena);
    const struct json_node *table = json_member(doc, source, TEXT("table"), arena);
    if (!lsn)
        lsn = json_member(doc, root, TEXT("source.lsn"), arena);
    if (!table)
        table = json_member(doc, root, TEXT("source.table"), arena);
    sample->positions += lsn && lsn->kind == JSON_NUMBER;
    sample->positions_bare += bare && bare->kind == JSON_NUMBER;
    sample->versions += version && version->kind == JSON_NUMBER;
    if (!sample->table.size && table && table->kind == JSON_STRING)
        sample->table = keep(&sample->own, text_cut(json_text(doc, table, arena), INFER_NAME));
}

static void see_row(struct inference *inference, const struct json_doc *doc, const struct view *view)
{
    struct sample *sample = &inference->sample;
    const char *known = view->op.size == 1 ? strchr(OPERATIONS, view->op.data[0]) : NULL;
    const struct image *image = &view->image[SPACE_ROW];
    struct text name;
    if (known && *known)
        sample->ops[known - OPERATIONS]++;
    else
        sample->other_ops++;
    if (!image->node) {
        sample->no_row++;
        return;
    }
    inference->deleted = text_equal(view->row_name, TEXT("before"));
    sample->rows += !inference->deleted;
    sample->deletes += inference->deleted;
    see_source(inference, doc, view->root);
    for (const struct json_node *member = image_next(image, NULL, &inference->message, &name); member;
         member = image_next(image, member, &inference->message, &name)) {
        struct place_seen *child = child_of(sample, &sample->root, name);
        if (child)
            see_value(inference, child, image->doc, member);
    }
}

static void see_message(struct inference *inference, struct text message)
{
    struct view_options options = {.json_column = TEXT("payload"), .metadata_prefix = TEXT("__")};
    struct sample *sample = &inference->sample;
    struct json_doc doc;
    struct json_fault fault;
    struct view view;
    arena_reset(&inference->message);
    message = view_body(message);
    sample->messages++;
    if (message.size == 0)
        return;
    if (!json_parse(inference->parser, &inference->message, message, inference->walk.depth, &doc, &fault)) {
        sample->not_json++;
        return;
    }
    if (!view_index(&inference->message, &options))
        return;
    view_read(&options, &inference->walk, &doc, &view);
    if (view.verdict == VERDICT_ROW)
        see_row(inference, &doc, &view);
    else if (view.verdict == VERDICT_REFUSED)
        sample->unknown++;
}

static bool stay_idle(void *context)
{
    (void)context;
    return true;
}

static bool see_all(struct inference *inference, const struct channel *channel, uint64_t most, char *problem)
{
    struct input in;
    struct arguments arguments;
    struct text texts[FUNCTION_ARGUMENTS];
    if (!input_open(&in, channel))
        return false;
    in.idle = stay_idle;
    (void)arguments_open(&arguments, &format_line, 1, most, &in); /* it keeps no state */
    enum next next;
    while ((next = arguments_next(&arguments, texts)) == NEXT_ROW || next == NEXT_HUGE) {
        if (next == NEXT_ROW)
            see_message(inference, texts[0]);
        else if (arguments_drain(&arguments, NULL) == NEXT_ROW)
            inference->sample.messages++;
    }
    if (next == NEXT_FAILED)
        snprintf(problem, INFER_PROBLEM, "%s", arguments.problem);
    arguments_close(&arguments);
    input_close(&in);
    return next == NEXT_END;
}

static bool propose(const struct inference *inference, const struct channel *channel, char *problem)
{
    struct output out;
    if (inference->sample.own.failed)
        return false;
    *problem = '\0';
    if (inference->sample.rows == 0) {
        snprintf(
            problem, INFER_PROBLEM,
            "infer: no row image in %llu messages (%llu are no JSON, %llu of an unknown shape): nothing to propose",
            (unsigned long long)inference->sample.messages, (unsigned long long)inference->sample.not_json,
            (unsigned long long)inference->sample.unknown);
        return false;
    }
    bool written = output_open(&out, channel, 0) && infer_propose(&inference->sample, &out);
    output_close(&out);
    return written;
}

bool infer_run(const struct channel *channel, uint64_t most, char *problem)
{
    struct inference *inference = calloc(1, sizeof *inference);
    snprintf(problem, INFER_PROBLEM, "out of memory");
    if (!inference)
        return false;
    inference->parser = json_parser_new();
    inference->walk = (struct path_walk){
        .parser = inference->parser, .arena = &inference->message, .depth = INFER_DEPTH + WRAPPINGS_LIMIT + 2};
    bool done = inference->parser && see_all(inference, channel, most, problem) &&
                propose(inference, channel, problem);
    json_parser_free(inference->parser);
    arena_free(&inference->message);
    arena_free(&inference->sample.own);
    free(inference);
    return done;
}
