#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "debezium/envelope.h"
#include "debezium/left_out.h"
#include "layout/path_tree.h"
#include "debezium/schema.h"
#include "decode/fast/shape.h"

#define SCHEMA_DEPTH                                                                                         \
    8 /* containers within which a schema names a row image's member, from the message's root */
#define VALUE_SHOWN 64 /* bytes of a value in a reason */

static const struct text UNAVAILABLE = {LEFT_OUT, sizeof LEFT_OUT - 1};

struct decoder {
    const struct layout *layout;
    struct json_parser *parser;
    struct arena own;     /* the tables, as long as the decoder lives */
    struct arena message; /* what one message needs */
    struct path_walk walk;
    struct path_tree outside;   /* paths as they stand in the message */
    struct path_tree row_image; /* paths below after. */
    struct path_tree *document; /* paths below the JSON column, or NULL */
    struct path_tree ***ends;   /* for each column, for each of its paths */
    struct path_tree **rule_ends;
    struct schema_memo memo;
    struct value *defaults; /* of a row that is no event */
    struct value *values;
    bool uses_schema;      /* some column takes its unit or scale from the message's schema */
    struct shapes *shapes; /* NULL: every message is decoded in general */
    struct row row;
};

/* What is known of the message that is being decoded. */
struct decoding {
    struct decoder *decoder;
    struct json_doc doc;
    struct envelope envelope;
    bool router;   /* the root is the JSON column's document */
    bool left_out; /* some column has its value for what Debezium left out */
    bool contained; /* some column that is no String takes a container, of which no shape knows what is in it */
};

/* ---- The tables ---------------------------------------------------------------------------------------------------------- */

static struct path_tree *tree_of(struct decoder *decoder, const struct path *path)
{
    return path->row ? &decoder->row_image : &decoder->outside;
}

static bool add_path(struct decoder *decoder, const struct path *path, size_t *most)
{
    if (path->count > *most)
        *most = path->count;
    return path_tree_add(&decoder->own, tree_of(decoder, path), path->steps + path->row,
                         path->count - path->row);
}

static struct path_tree *end_of(struct decoder *decoder, const struct path *path)
{
    return path_tree_end(tree_of(decoder, path), path->steps + path->row, path->count - path->row);
}

static bool plant_trees(struct decoder *decoder)
{
    const struct layout *layout = decoder->layout;
    size_t most = 2;
    for (size_t i = 0; i < layout->accept_count; i++)
        if (!add_path(decoder, &layout->accept[i].path, &most))
            return false;
    for (size_t i = 0; i < layout->column_count; i++) {
        decoder->uses_schema |= schema_matters(&layout->columns[i]);
        for (size_t j = 0; j < layout->columns[i].path_count; j++)
            if (!add_path(decoder, &layout->columns[i].paths[j], &most))
                return false;
    }
    decoder->walk.depth = (unsigned)most + WRAPPINGS_MOST;
    if (decoder->uses_schema && decoder->walk.depth < SCHEMA_DEPTH + WRAPPINGS_MOST)
        decoder->walk.depth = SCHEMA_DEPTH + WRAPPINGS_MOST;
    if (!path_tree_index(&decoder->own, &decoder->outside) ||
        !path_tree_index(&decoder->own, &decoder->row_image))
        return false;
    if (layout->json_column.size)
        decoder->document = path_tree_child(&decoder->row_image, layout->json_column);
    return true;
}

static bool find_ends(struct decoder *decoder)
{
    const struct layout *layout = decoder->layout;
    decoder->ends = arena_alloc(&decoder->own, layout->column_count * sizeof *decoder->ends);
    decoder->rule_ends = arena_alloc(&decoder->own, layout->accept_count * sizeof *decoder->rule_ends);
    if (!decoder->ends || !decoder->rule_ends)
        return false;
    for (size_t i = 0; i < layout->accept_count; i++)
        decoder->rule_ends[i] = end_of(decoder, &layout->accept[i].path);
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct column *column = &layout->columns[i];
        decoder->ends[i] = arena_alloc(&decoder->own, column->path_count * sizeof **decoder->ends);
        if (!decoder->ends[i])
            return false;
        for (size_t j = 0; j < column->path_count; j++)
            decoder->ends[i][j] = end_of(decoder, &column->paths[j]);
    }
    return true;
}

static bool make_values(struct decoder *decoder)
{
    size_t count = decoder->layout->column_count;
    decoder->defaults = arena_alloc(&decoder->own, count * sizeof *decoder->defaults);
    decoder->values = arena_alloc(&decoder->own, count * sizeof *decoder->values);
    if (!decoder->defaults || !decoder->values)
        return false;
    if (decoder->uses_schema && !schema_memo_open(&decoder->memo, &decoder->own, count))
        return false;
    for (size_t i = 0; i < count; i++)
        decoder->defaults[i] = type_default(&decoder->layout->columns[i].as.type);
    return true;
}

struct decoder *decoder_new(const struct layout *layout)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    decoder->layout = layout;
    decoder->parser = json_parser_new();
    decoder->walk = (struct path_walk){.parser = decoder->parser, .arena = &decoder->message};
    if (decoder->parser && plant_trees(decoder) && find_ends(decoder) && make_values(decoder) &&
        decoder_use_shapes(decoder, true))
        return decoder;
    decoder_free(decoder);
    return NULL;
}

bool decoder_use_shapes(struct decoder *decoder, bool use)
{
    shapes_free(decoder->shapes);
    decoder->shapes = NULL;
    if (!use)
        return true;
    const struct shape_layout layout = {decoder->layout, &decoder->outside, &decoder->row_image,
                                        decoder->ends, decoder->rule_ends};
    decoder->shapes = shapes_new(&layout);
    return decoder->shapes != NULL;
}

struct shape_counts decoder_shape_counts(const struct decoder *decoder)
{
    return decoder->shapes ? shapes_counts(decoder->shapes) : (struct shape_counts){0};
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    shapes_free(decoder->shapes);
    json_parser_free(decoder->parser);
    arena_free(&decoder->message);
    arena_free(&decoder->own);
    free(decoder);
}

/* ---- Reasons ------------------------------------------------------------------------------------------------------------- */

/* Ends the row with the parts of its reason side by side (they may hold zero bytes); answers false. */
static bool refuse(struct decoder *decoder, enum outcome outcome, const struct text *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    char *reason = arena_alloc(&decoder->message, size);
    size_t used = 0;
    for (size_t i = 0; i < count && reason; i++) {
        if (parts[i].size)
            memcpy(reason + used, parts[i].data, parts[i].size);
        used += parts[i].size;
    }
    decoder->row = (struct row){outcome, {reason, used}, decoder->defaults};
    return false;
}

#define REFUSE(decoder, outcome, ...)                                                                        \
    refuse(decoder, outcome, (const struct text[]){__VA_ARGS__},                                             \
           sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text))

static bool fail_json(struct decoder *decoder, struct text where, const struct json_fault *fault)
{
    if (!fault->what)
        return REFUSE(decoder, OUTCOME_ERROR, TEXT("out of memory"));
    char byte[32];
    int size = snprintf(byte, sizeof byte, "%zu", fault->byte);
    return REFUSE(decoder, OUTCOME_ERROR, where, TEXT(": "), text_of(fault->what), TEXT(" at byte "),
                  (struct text){byte, (size_t)size});
}

/* ---- Shape and operation ------------------------------------------------------------------------------------------------- */

static bool has_known_member(const struct decoder *decoder, const struct json_doc *doc,
                             const struct json_node *object)
{
    if (!decoder->document)
        return false;
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member))
        if (path_tree_child(decoder->document, json_key(doc, member, decoder->walk.arena)))
            return true;
    return false;
}

/* A router value: the root is the document, or a string that holds it. */
static bool judge_router(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct json_node *root = decoding->envelope.root;
    if (decoding->envelope.shape == SHAPE_OBJECT) {
        decoding->router = has_known_member(decoder, &decoding->doc, root);
        return decoding->router || REFUSE(decoder, OUTCOME_ERROR, TEXT("unknown shape"));
    }
    struct json_doc held;
    if (root->kind == JSON_STRING &&
        json_held(&decoder->walk, json_text(&decoding->doc, root, decoder->walk.arena), &held) &&
        held.nodes->kind == JSON_OBJECT && has_known_member(decoder, &held, held.nodes)) {
        decoding->router = true;
        return true;
    }
    return REFUSE(decoder, OUTCOME_ERROR, TEXT("not an object"));
}

static bool judge_shape(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    switch (decoding->envelope.shape) {
    case SHAPE_TOMBSTONE:
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("tombstone"));
    case SHAPE_HEARTBEAT:
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("heartbeat"));
    case SHAPE_TRANSACTION:
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("transaction"));
    case SHAPE_ENVELOPE:
    case SHAPE_FLATTENED:
    case SHAPE_UNWRAPPED:
        return true;
    case SHAPE_OBJECT:
    case SHAPE_STRING:
    case SHAPE_OTHER:
        break;
    }
    return judge_router(decoding);
}

static bool is_accepted(const struct accept *rule, struct text value)
{
    for (size_t i = 0; i < rule->count; i++)
        if (text_equal(rule->values[i], value))
            return true;
    return false;
}

static bool judge_operation(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct envelope *envelope = &decoding->envelope;
    const struct accept *rule = &decoder->layout->op;
    if (rule->count && !is_accepted(rule, envelope->op))
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("op "), text_cut(envelope->op, VALUE_SHOWN));
    if (decoding->router)
        return true;
    struct text name = envelope->before ? TEXT("before") : TEXT("after");
    if (!envelope->has_row)
        return REFUSE(decoder, OUTCOME_ERROR, name, TEXT(": missing"));
    if (envelope->row && envelope->row->kind != JSON_OBJECT)
        return REFUSE(decoder, OUTCOME_ERROR, name, TEXT(": not an object"));
    return true;
}

/* ---- Finding the values -------------------------------------------------------------------------------------------------- */

/* Where a flattened key leads, whose names stand joined by dots: source.lsn, after.payload, after.price.scale. */
static struct path_tree *flat_end(struct path_tree *tree, struct text key)
{
    while (tree) {
        const char *dot = memchr(key.data, '.', key.size);
        struct text name = {key.data, dot ? (size_t)(dot - key.data) : key.size};
        tree = path_tree_child(tree, name);
        if (!dot)
            return tree;
        key = text_from(key, name.size + 1);
    }
    return NULL;
}

static void find_flattened(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct json_doc *doc = &decoding->doc;
    const struct json_node *root = decoding->envelope.root;
    struct text prefix = decoding->envelope.before ? TEXT("before.") : TEXT("after.");
    for (const struct json_node *member = json_first(doc, root); member;
         member = json_after(doc, root, member)) {
        struct text key = json_key(doc, member, decoder->walk.arena);
        struct path_tree *end = flat_end(&decoder->outside, key);
        if (end && path_tree_note(end, &decoder->walk, doc, member))
            path_tree_follow(end, &decoder->walk, doc, member);
        end = text_starts(key, prefix) ? flat_end(&decoder->row_image, text_from(key, prefix.size)) : NULL;
        if (end)
            path_tree_note(end, &decoder->walk, doc, member);
    }
}

static void find_values(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct json_doc *doc = &decoding->doc;
    const struct json_node *row = decoding->envelope.row;
    if (decoding->envelope.shape == SHAPE_FLATTENED) {
        find_flattened(decoding);
        return;
    }
    path_tree_follow(&decoder->outside, &decoder->walk, doc, decoding->envelope.root);
    if (decoding->router) {
        path_tree_note(decoder->document, &decoder->walk, doc, decoding->envelope.root);
        path_tree_follow(decoder->document, &decoder->walk, doc, decoding->envelope.root);
        return;
    }
    /* A path that leads on from a member is followed by read_document, which may refuse the row. */
    for (const struct json_node *member = json_first(doc, row); member;
         member = json_after(doc, row, member)) {
        struct path_tree *child =
            path_tree_child(&decoder->row_image, json_key(doc, member, decoder->walk.arena));
        if (child)
            path_tree_note(child, &decoder->walk, doc, member);
    }
}

/* As Debezium writes it, or a string with needless escapes, of which each takes six bytes at most. */
static bool is_unavailable(struct decoding *decoding, struct place place)
{
    struct text raw = json_raw(place.doc, place.node);
    if (is_left_out_form(raw))
        return true;
    return place.node->kind == JSON_STRING && place.node->escaped && raw.size <= 6 * UNAVAILABLE.size &&
           (raw.data[0] == UNAVAILABLE.data[0] || raw.data[0] == '\\') &&
           text_equal(json_text(place.doc, place.node, decoding->decoder->walk.arena), UNAVAILABLE);
}

static bool refuse_unavailable(struct decoder *decoder, struct text path)
{
    return REFUSE(decoder, OUTCOME_ERROR, path, TEXT(": "), UNAVAILABLE);
}

static struct text path_of_member(struct decoder *decoder, const struct path_tree *tree)
{
    return arena_printf(decoder->walk.arena, "after.%.*s", (int)tree->step.name.size, tree->step.name.data);
}

/* Reads the string of a row image's member as a JSON document, to ENCODINGS_MOST encodings, and follows the paths into it. */
static bool read_encoded(struct decoding *decoding, struct path_tree *tree, struct place place)
{
    struct decoder *decoder = decoding->decoder;
    struct text text = json_text(place.doc, place.node, decoder->walk.arena);
    struct json_doc *doc = arena_alloc(decoder->walk.arena, sizeof *doc);
    if (!doc)
        return true; /* decode() sees that the arena has failed */
    for (int i = 0; i < ENCODINGS_MOST && text.size > 0; i++) {
        struct json_fault fault;
        if (!json_parse(decoder->parser, decoder->walk.arena, text, decoder->walk.depth, doc, &fault))
            return fail_json(decoder, path_of_member(decoder, tree), &fault);
        if (doc->nodes->kind != JSON_STRING) {
            path_tree_follow(tree, &decoder->walk, doc, doc->nodes);
            break;
        }
        text = json_text(doc, doc->nodes, decoder->walk.arena);
    }
    return true;
}

/* Whether every reader of the document in this member of the row image has a value for a document that was left out. */
static bool may_be_left_out(const struct layout *layout, struct text member)
{
    for (size_t i = 0; i < layout->accept_count; i++) {
        const struct path *path = &layout->accept[i].path;
        if (path->row && path->count > 2 && text_equal(path->steps[1].name, member))
            return false;
    }
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct column *column = &layout->columns[i];
        for (size_t j = 0; j < column->path_count && !column->has_unavailable; j++) {
            const struct path *path = &column->paths[j];
            if (path->row && path->count > 2 && text_equal(path->steps[1].name, member))
                return false;
        }
    }
    return true;
}

/* Follows the paths that lead through a member of the row image. */
static bool read_document(struct decoding *decoding, struct path_tree *tree)
{
    struct decoder *decoder = decoding->decoder;
    struct place place = path_tree_place(tree, &decoder->walk);
    if (!place.node || decoding->router)
        return true;
    if (is_unavailable(decoding, place))
        return may_be_left_out(decoder->layout, tree->step.name) ||
               refuse_unavailable(decoder, path_of_member(decoder, tree));
    if (place.node->kind != JSON_STRING) {
        path_tree_follow(tree, &decoder->walk, place.doc, place.node);
        return true;
    }
    return read_encoded(decoding, tree, place);
}

static bool read_documents(struct decoding *decoding)
{
    struct path_tree *row_image = &decoding->decoder->row_image;
    for (size_t i = 0; i < row_image->count; i++)
        if (row_image->children[i].count && !read_document(decoding, &row_image->children[i]))
            return false;
    return true;
}

/* ---- Rules and columns --------------------------------------------------------------------------------------------------- */

static bool judge_rule(struct decoding *decoding, const struct accept *rule, struct path_tree *end)
{
    struct decoder *decoder = decoding->decoder;
    if (rule->path.row && decoding->router)
        return true;
    if (rule->path.row && rule->path.count > 2 &&
        !read_document(decoding, path_tree_child(&decoder->row_image, rule->path.steps[1].name)))
        return false;
    struct text name = rule->path.row ? text_from(rule->path.text, sizeof "after." - 1) : rule->path.text;
    struct place place = path_tree_place(end, &decoder->walk);
    struct text value = {NULL, 0};
    if (place.node && place.node->kind != JSON_NULL)
        value = json_text(place.doc, place.node, decoder->walk.arena);
    if (value.size == 0)
        return REFUSE(decoder, OUTCOME_SKIPPED, name, TEXT(" missing"));
    if (is_accepted(rule, value))
        return true;
    return REFUSE(decoder, OUTCOME_SKIPPED, name, TEXT(" "), text_cut(value, VALUE_SHOWN));
}

static bool judge_rules(struct decoding *decoding)
{
    const struct layout *layout = decoding->decoder->layout;
    for (size_t i = 0; i < layout->accept_count; i++)
        if (!judge_rule(decoding, &layout->accept[i], decoding->decoder->rule_ends[i]))
            return false;
    return true;
}

static bool is_empty(const struct json_node *node)
{
    return node->kind == JSON_STRING && node->start == node->end;
}

/* The first of the column's paths, which end at `ends`, that leads to a value; *path is that one, or the first where none does. */
static struct place find_value(const struct path_walk *walk, const struct column *column,
                               struct path_tree *const *ends, const struct path **path)
{
    for (size_t i = 0; i < column->path_count; i++) {
        const struct path_tree *end = ends[i];
        if (end->message != walk->message || end->place.node->kind == JSON_NULL ||
            (is_empty(end->place.node) && column->as.type.kind != TYPE_STRING))
            continue;
        *path = &column->paths[i];
        return end->place;
    }
    *path = &column->paths[0];
    return (struct place){NULL, NULL};
}

/* Whether Debezium left out the member of the row image that one of the paths leads to or through. */
static bool is_left_out(struct decoding *decoding, const struct path *paths, const struct path *end)
{
    const struct decoder *decoder = decoding->decoder;
    for (const struct path *path = paths; path < end && !decoding->router; path++) {
        if (!path->row)
            continue;
        struct path_tree *member = path_tree_child(&decoder->row_image, path->steps[1].name);
        struct place place = {NULL, NULL};
        if (member)
            place = path_tree_place(member, &decoder->walk);
        if (place.node && is_unavailable(decoding, place))
            return true;
    }
    return false;
}

/* Whether a column that is required is so for this message. */
static bool is_required(const struct decoding *decoding, const struct column *column, const struct path *path)
{
    bool excused = decoding->router && path->row && path->count == 2;
    const struct accept *rule = &column->required_op;
    return !excused && (rule->count == 0 || is_accepted(rule, decoding->envelope.op));
}

static bool fill_column(struct decoding *decoding, size_t index, struct value *out)
{
    struct decoder *decoder = decoding->decoder;
    const struct column *column = &decoder->layout->columns[index];
    const struct path *path;
    struct place place = find_value(&decoder->walk, column, decoder->ends[index], &path);
    if (column->has_unavailable &&
        is_left_out(decoding, column->paths, place.node ? path + 1 : column->paths + column->path_count)) {
        *out = column->unavailable;
        decoding->left_out = true;
        return true;
    }
    if (column->required && (!place.node || is_empty(place.node)) && is_required(decoding, column, path))
        return REFUSE(decoder, OUTCOME_ERROR, path->text, TEXT(": missing"));
    if (!place.node) {
        *out = column->absent;
        return true;
    }
    if (path->row && path->count == 2 && is_unavailable(decoding, place))
        return refuse_unavailable(decoder, path->text);
    if (column->as.type.kind == TYPE_STRING) { /* any value's text */
        *out = (struct value){.as.text = json_text(place.doc, place.node, decoder->walk.arena)};
        return true;
    }
    decoding->contained |= place.node->kind >= JSON_ARRAY;
    struct json_value value;
    json_value_of(place.doc, place.node, decoder->walk.arena, &value);
    const struct conversion *as = &column->as;
    if (decoding->envelope.schema && !decoding->router && schema_matters(column))
        as = schema_says(&decoder->memo, index, &decoding->doc, &decoding->envelope, path, column,
                         decoder->walk.arena);
    if (convert(&value, as, decoder->walk.arena, out))
        return true;
    *out = column->absent;
    if (column->lenient)
        return true;
    return REFUSE(decoder, OUTCOME_ERROR, path->text, TEXT(": "), text_cut(value.text, VALUE_SHOWN),
                  TEXT(" does not fit "), text_of(column->as.type.name));
}

static bool fill_columns(struct decoding *decoding)
{
    size_t count = decoding->decoder->layout->column_count;
    struct value *values = decoding->decoder->values;
    for (size_t i = 0; i < count; i++)
        if (!fill_column(decoding, i, &values[i]))
            return false;
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

static bool read_message(struct decoder *decoder, struct text message)
{
    struct decoding decoding;
    decoding.decoder = decoder;
    decoding.router = decoding.left_out = decoding.contained = false;
    if (message.size == 0)
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("tombstone"));
    struct json_fault fault;
    if (!json_parse(decoder->parser, decoder->walk.arena, message, decoder->walk.depth, &decoding.doc,
                    &fault))
        return fail_json(decoder, TEXT("not JSON"), &fault);
    envelope_read(&decoding.doc, decoder->layout->json_column, decoder->walk.arena, &decoding.envelope);
    if (!judge_shape(&decoding) || !judge_operation(&decoding))
        return false;
    find_values(&decoding);
    if (decoder->uses_schema && decoding.envelope.schema)
        schema_recall(&decoder->memo, &decoding.doc, &decoding.envelope);
    if (!judge_rules(&decoding) || !read_documents(&decoding) || !fill_columns(&decoding))
        return false;
    if (decoder->shapes && !decoding.router && !decoding.left_out && !decoding.contained)
        shapes_learn(decoder->shapes, message, &decoding.doc, &decoding.envelope, decoder->walk.arena);
    return true;
}

const struct row *decode(struct decoder *decoder, struct text message)
{
    arena_reset(&decoder->message);
    decoder->walk.message++;
    decoder->row = (struct row){OUTCOME_EVENT, {NULL, 0}, decoder->values};
    if (message.size > JSON_MOST)
        return decode_refused(decoder, TEXT("message of 4 GiB and more"));
    if (decoder->shapes && shapes_match(decoder->shapes, message, decoder->walk.arena, decoder->values))
        return &decoder->row;
    read_message(decoder, message);
    if (decoder->message.failed)
        return decode_refused(decoder, TEXT("out of memory"));
    return &decoder->row;
}

const struct row *decode_refused(struct decoder *decoder, struct text reason)
{
    decoder->row = (struct row){OUTCOME_ERROR, reason, decoder->defaults};
    return &decoder->row;
}
