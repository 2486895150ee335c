#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "debezium/finder.h"
#include "debezium/left_out.h"

#define VALUE_SHOWN 64 /* bytes of a value in a reason */

static const struct text UNAVAILABLE = {LEFT_OUT, sizeof LEFT_OUT - 1};

struct decoder {
    const struct layout *layout;
    struct json_parser *parser;
    struct arena own;     /* the tables, as long as the decoder lives */
    struct arena message; /* what one message needs */
    struct path_walk walk;
    struct finder finder;
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
    struct view view;
    struct ledger ledger;
    uint16_t
        stage; /* number of the accept rule that is being judged, from 1; 0 before, RULES_PASSED after the last */
    struct unmapped left_out; /* columns whose value Debezium left out */
    bool has_left_out;        /* some column has its value for that */
};

/* ---- The tables ---------------------------------------------------------------------------------------------------------- */

static bool make_values(struct decoder *decoder)
{
    size_t count = decoder->layout->column_count;
    decoder->defaults = arena_alloc(&decoder->own, count * sizeof *decoder->defaults);
    decoder->values = arena_alloc(&decoder->own, count * sizeof *decoder->values);
    if (!decoder->defaults || !decoder->values)
        return false;
    for (size_t i = 0; i < count; i++) {
        decoder->uses_schema |= schema_matters(&decoder->layout->columns[i]);
        decoder->defaults[i] = type_default(&decoder->layout->columns[i].as.type);
    }
    return !decoder->uses_schema || schema_memo_open(&decoder->memo, &decoder->own, count);
}

struct decoder *decoder_new(const struct layout *layout)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    decoder->layout = layout;
    decoder->parser = json_parser_new();
    bool found = finder_open(&decoder->finder, layout);
    decoder->walk = (struct path_walk){
        .parser = decoder->parser, .arena = &decoder->message, .depth = decoder->finder.depth};
    if (decoder->parser && found && make_values(decoder) && decoder_use_shapes(decoder, true))
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
    decoder->shapes = shapes_new(&decoder->finder);
    return decoder->shapes != NULL;
}

struct shape_counts decoder_shape_counts(const struct decoder *decoder)
{
    return decoder->shapes ? shapes_counts(decoder->shapes) : (struct shape_counts){0};
}

void decoder_count_from(struct decoder *decoder, uint64_t messages)
{
    decoder->walk.message = messages;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    shapes_free(decoder->shapes);
    json_parser_free(decoder->parser);
    finder_close(&decoder->finder);
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

/* ---- The form and the operation ------------------------------------------------------------------------------------------ */

static bool judge_form(struct decoding *decoding)
{
    const struct view *view = &decoding->view;
    if (view->verdict == VERDICT_ROW)
        return true;
    return REFUSE(decoding->decoder, view->verdict == VERDICT_SKIPPED ? OUTCOME_SKIPPED : OUTCOME_ERROR,
                  view->reason);
}

static bool is_accepted(const struct accept *rule, struct text value)
{
    for (size_t i = 0; i < rule->count; i++)
        if (text_equal(rule->values[i], value))
            return true;
    return false;
}

/* Where every value is to be exact, neither a truncate, which empties a table, nor an operation that nobody knows is passed over in
 * silence; a layout may leave out changes, and messages in the log (m) change no row. */
static enum outcome outcome_of_op(const struct layout *layout, struct text op)
{
    const bool known = op.size == 1 && memchr("crudm", *op.data, 5);
    return layout->exact && !known ? OUTCOME_ERROR : OUTCOME_SKIPPED;
}

static bool judge_operation(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct view *view = &decoding->view;
    const struct accept *rule = &decoder->layout->op;
    if (rule->count && !is_accepted(rule, view->op))
        return REFUSE(decoder, outcome_of_op(decoder->layout, view->op), TEXT("op "),
                      text_cut(view->op, VALUE_SHOWN));
    if (view->row_problem.size)
        return REFUSE(decoder, OUTCOME_ERROR, view->row_name, TEXT(": "), view->row_problem);
    return true;
}

/* ---- Documents ----------------------------------------------------------------------------------------------------------- */

/* As Debezium writes it, or a string with needless escapes, of which each takes six bytes at most. */
static bool is_unavailable(struct decoding *decoding, struct node_ref value)
{
    struct text raw = json_raw(value.doc, value.node);
    if (is_left_out_form(raw))
        return true;
    return value.node->kind == JSON_STRING && value.node->escaped && raw.size <= 6 * UNAVAILABLE.size &&
           (raw.data[0] == UNAVAILABLE.data[0] || raw.data[0] == '\\') &&
           text_equal(json_text(value.doc, value.node, decoding->decoder->walk.arena), UNAVAILABLE);
}

static bool refuse_unavailable(struct decoder *decoder, struct text path)
{
    return REFUSE(decoder, OUTCOME_ERROR, path, TEXT(": "), UNAVAILABLE);
}

static bool leads_through(const struct path *path, struct text member)
{
    return path->space == SPACE_ROW && path->count > 2 && text_equal(path->steps[1].name, member);
}

/* The path of a member of the row image, as the layout writes it in the first path that leads on from there. */
static struct text path_of_member(const struct decoding *decoding, const struct path_tree *tree)
{
    const struct layout *layout = decoding->decoder->layout;
    const struct path *found = NULL;
    for (size_t i = 0; i < layout->accept_count && !found; i++)
        if (leads_through(&layout->accept[i].path, tree->step.name))
            found = &layout->accept[i].path;
    for (size_t i = 0; i < layout->column_count; i++)
        for (size_t j = 0; j < layout->columns[i].path_count && !found; j++)
            if (leads_through(&layout->columns[i].paths[j], tree->step.name))
                found = &layout->columns[i].paths[j];
    return found ? (struct text){found->text.data, found->member_size} : TEXT("after");
}

/* The text of a string's document: its escapes read, and its base64 where the layout says so. */
static bool document_text(struct decoding *decoding, const struct path_tree *tree, struct node_ref value,
                          struct text *text)
{
    struct arena *arena = decoding->decoder->walk.arena;
    *text = json_text(value.doc, value.node, arena);
    if (!layout_is_base64(decoding->decoder->layout, tree->step.name))
        return true;
    return base64_decode(arena, *text, JSON_PADDING, text);
}

/* Reads the string of a row image's member as a JSON document, to ENCODINGS_LIMIT encodings, and follows the paths into it. */
static bool read_encoded(struct decoding *decoding, struct path_tree *tree, struct node_ref value)
{
    struct decoder *decoder = decoding->decoder;
    struct text text;
    struct json_doc *doc = arena_alloc(decoder->walk.arena, sizeof *doc);
    if (!doc)
        return true; /* decode() sees that the arena has failed */
    if (!document_text(decoding, tree, value, &text))
        return decoder->message.failed ||
               REFUSE(decoder, OUTCOME_ERROR, path_of_member(decoding, tree), TEXT(": not base64"));
    struct ledger_entry entry = {.doc = value.doc, .node = value.node, .what = CONSULTED_OPENED};
    for (int i = 0; i < ENCODINGS_LIMIT && text.size > 0; i++) {
        struct json_fault fault;
        if (!json_parse(decoder->parser, decoder->walk.arena, text, decoder->walk.depth, doc, &fault))
            return fail_json(decoder, path_of_member(decoding, tree), &fault);
        if (doc->nodes->kind != JSON_STRING) {
            tree->opened = entry.opened = doc;
            path_tree_follow(tree, &decoder->walk, doc, doc->nodes);
            break;
        }
        text = json_text(doc, doc->nodes, decoder->walk.arena);
    }
    ledger_add(decoder->walk.ledger, decoder->walk.arena, entry);
    return true;
}

/* Whether every reader of the document in this member of the row image has a value for a document that was left out. */
static bool may_be_left_out(const struct decoder *decoder, struct text member)
{
    const struct layout *layout = decoder->layout;
    for (size_t i = 0; i < layout->accept_count; i++) {
        const struct path *path = &layout->accept[i].path;
        if (leads_through(path, member))
            return false;
    }
    for (size_t i = 0; i < layout->column_count && !layout->lists_left_out; i++) {
        const struct column *column = &layout->columns[i];
        for (size_t j = 0; j < column->path_count && !column->has_unavailable; j++) {
            const struct path *path = &column->paths[j];
            if (leads_through(path, member))
                return false;
        }
    }
    return true;
}

/* Follows the paths that lead through a member of the row image. */
static bool read_document(struct decoding *decoding, struct path_tree *tree)
{
    struct decoder *decoder = decoding->decoder;
    struct node_ref value = path_tree_found(tree, &decoder->walk);
    if (!value.node || decoding->view.document.node || tree->opened)
        return true;
    if (is_unavailable(decoding, value))
        return may_be_left_out(decoder, tree->step.name) ||
               refuse_unavailable(decoder, path_of_member(decoding, tree));
    if (value.node->kind != JSON_STRING) {
        path_tree_follow(tree, &decoder->walk, value.doc, value.node);
        return true;
    }
    return read_encoded(decoding, tree, value);
}

static bool read_documents(struct decoding *decoding)
{
    struct path_tree *row = &decoding->decoder->finder.tree[SPACE_ROW];
    for (size_t i = 0; i < row->count; i++)
        if (row->children[i].count && !read_document(decoding, &row->children[i]))
            return false;
    return true;
}

/* ---- Rules --------------------------------------------------------------------------------------------------------------- */

/* Notes in the ledger what a rule sees: the values on its path that are there, but for strings whose documents were opened. */
static void note_rule(const struct decoding *decoding, size_t index)
{
    const struct decoder *decoder = decoding->decoder;
    const struct path *path = &decoder->layout->accept[index].path;
    const struct path_tree *tree =
        path->space < SPACES ? &decoder->finder.tree[path->space] : decoder->finder.rule_ends[index];
    size_t count = path_step_count(path);
    for (size_t i = 0; i <= count; i++) {
        struct node_ref value = path_tree_found(tree, &decoder->walk);
        if (value.node && !(i < count && (tree->opened || value.node->kind == JSON_OBJECT)))
            ledger_add(
                decoder->walk.ledger, decoder->walk.arena,
                (struct ledger_entry){
                    .doc = value.doc, .node = value.node, .what = CONSULTED_RULE, .index = (uint16_t)index});
        if (i < count)
            tree = path_tree_end(tree, path_steps(path) + i, 1);
    }
}

/* The path as reasons of rules write it: without `after.`. */
static struct text name_of_rule(const struct path *path)
{
    return path->space == SPACE_ROW ? text_from(path->text, sizeof "after" - 1 + (path->text.data[5] == '.'))
                                    : path->text;
}

static bool judge_rule(struct decoding *decoding, size_t index)
{
    struct decoder *decoder = decoding->decoder;
    const struct accept *rule = &decoder->layout->accept[index];
    const struct path *path = &rule->path;
    if (path->space == SPACE_ROW && decoding->view.document.node)
        return true;
    if (path->space == SPACE_ROW && path->count > 2 &&
        !read_document(decoding, path_tree_end(&decoder->finder.tree[SPACE_ROW], &path->steps[1], 1)))
        return false;
    if (decoder->walk.ledger)
        note_rule(decoding, index);
    struct node_ref found = path_tree_found(decoder->finder.rule_ends[index], &decoder->walk);
    struct text value = {NULL, 0};
    if (found.node && found.node->kind != JSON_NULL)
        value = json_text(found.doc, found.node, decoder->walk.arena);
    if (value.size == 0)
        return REFUSE(decoder, decoder->layout->accept_missing_is_error ? OUTCOME_ERROR : OUTCOME_SKIPPED,
                      name_of_rule(path), TEXT(" missing"));
    if (is_accepted(rule, value))
        return true;
    return REFUSE(decoder, OUTCOME_SKIPPED, name_of_rule(path), TEXT(" "), text_cut(value, VALUE_SHOWN));
}

static bool judge_rules(struct decoding *decoding)
{
    const struct layout *layout = decoding->decoder->layout;
    for (size_t i = 0; i < layout->accept_count; i++) {
        decoding->stage = (uint16_t)(i + 1);
        if (!judge_rule(decoding, i))
            return false;
    }
    decoding->stage = (uint16_t)(layout->accept_count + 1);
    return true;
}

/* ---- Columns ------------------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct json_node *node)
{
    return node->kind == JSON_STRING && node->start == node->end;
}

static bool is_key(const struct layout *layout, const struct column *column)
{
    for (size_t i = 0; i < layout->key_count; i++)
        if (layout->key[i] == column)
            return true;
    return false;
}

/* Whether a text without a character may be what Debezium writes before a delete for a column that it does not know: one that is NOT
 * NULL and no part of the replica identity. */
static bool may_be_filler(const struct decoding *decoding, const struct column *column,
                          const struct path *path)
{
    return path->space == SPACE_ROW && text_equal(decoding->view.op, TEXT("d")) &&
           !is_key(decoding->decoder->layout, column);
}

/* Where a column's value was looked for. */
struct search {
    struct node_ref value;       /* the first that there is; node NULL if there is none */
    const struct path *path;     /* its path, or the first of all */
    const struct path_tree *end; /* where the path ends, of a value */
    const struct path *
        unfit; /* of a column whose values are exact: the first path that leads to null, which the column cannot hold,
                                 or to a text without a character; NULL if none does */
    struct node_ref unfit_value;
};

static void find_value(const struct decoding *decoding, size_t index, struct search *search)
{
    const struct decoder *decoder = decoding->decoder;
    const struct column *column = &decoder->layout->columns[index];
    *search = (struct search){.path = &column->paths[0]};
    for (size_t i = 0; i < column->path_count; i++) {
        const struct path_tree *end = decoder->finder.ends[index][i];
        if (end->message != decoder->walk.message)
            continue;
        ledger_add(decoder->walk.ledger, decoder->walk.arena,
                   (struct ledger_entry){.doc = end->found.doc,
                                         .node = end->found.node,
                                         .what = CONSULTED_COLUMN,
                                         .index = (uint16_t)index,
                                         .path = (uint16_t)i});
        const bool is_null = end->found.node->kind == JSON_NULL;
        if (is_null || (is_empty(end->found.node) && column->as.type.kind != TYPE_STRING)) {
            const bool fits = is_null ? column->as.type.nullable || column->has_default
                                      : may_be_filler(decoding, column, &column->paths[i]);
            if (column->as.exact && !search->unfit && !fits) {
                search->unfit = &column->paths[i];
                search->unfit_value = end->found;
            }
            continue;
        }
        search->path = &column->paths[i];
        search->value = end->found;
        search->end = end;
        return;
    }
}

/* Whether Debezium left out the member of the row image that one of the paths leads to or through. */
static bool is_left_out(struct decoding *decoding, const struct path *paths, const struct path *end)
{
    const struct decoder *decoder = decoding->decoder;
    for (const struct path *path = paths; path < end && !decoding->view.document.node; path++) {
        if (path->space != SPACE_ROW)
            continue;
        struct path_tree *member = path_tree_end(&decoder->finder.tree[SPACE_ROW], &path->steps[1], 1);
        struct node_ref value = path_tree_found(member, &decoder->walk);
        if (value.node && is_unavailable(decoding, value))
            return true;
    }
    return false;
}

/* Whether a column that is required is so for this message. */
static bool is_required(const struct decoding *decoding, const struct column *column, const struct path *path)
{
    bool excused = decoding->view.document.node && path->space == SPACE_ROW && path->count == 2;
    const struct accept *rule = &column->required_op;
    return !excused && (rule->count == 0 || is_accepted(rule, decoding->view.op));
}

/* Whether a column must not be filled where the message has no value for it: a key's default would be another row's key, and of a
 * row an exact column says what the source holds. A row before a delete need not be whole. */
static bool must_be_there(const struct decoding *decoding, const struct column *column,
                          const struct path *path)
{
    const bool excused = decoding->view.document.node && path->space == SPACE_ROW && path->count == 2;
    if (excused || column->has_default || column->lenient || column->as.type.nullable)
        return false;
    return is_key(decoding->decoder->layout, column) ||
           (column->as.exact && path->space == SPACE_ROW && !text_equal(decoding->view.op, TEXT("d")));
}

static bool refuse_value(struct decoding *decoding, const struct column *column, const struct path *path,
                         struct text value)
{
    return REFUSE(decoding->decoder, OUTCOME_ERROR, path->text, TEXT(": "), text_cut(value, VALUE_SHOWN),
                  TEXT(" does not fit "), text_of(column->as.type.name));
}

/* The value of a column that reads a document whole whose string is its base64: the text that it stands for. */
static bool convert_base64(struct decoding *decoding, const struct column *column,
                           const struct search *search, const struct conversion *as, struct value *out)
{
    struct arena *arena = decoding->decoder->walk.arena;
    struct json_value decoded = {.kind = VALUE_STRING};
    const struct text text = json_text(search->value.doc, search->value.node, arena);
    const bool is_base64 = base64_decode(arena, text, JSON_PADDING, &decoded.text);
    if (is_base64 && convert(&decoded, as, arena, out))
        return true;
    *out = column->absent;
    if (column->lenient)
        return true;
    return is_base64 ? refuse_value(decoding, column, search->path, decoded.text)
                     : REFUSE(decoding->decoder, OUTCOME_ERROR, search->path->text, TEXT(": not base64"));
}

static bool convert_value(struct decoding *decoding, size_t index, const struct search *search,
                          struct value *out)
{
    struct decoder *decoder = decoding->decoder;
    const struct column *column = &decoder->layout->columns[index];
    const struct node_ref value = search->value;
    struct conversion extended;
    const struct conversion *as = &column->as;
    if (decoding->view.schema.node && !decoding->view.document.node && schema_matters(column))
        as = schema_conversion(&decoder->memo, index, &decoding->view, search->path, column,
                               decoder->walk.arena);
    if (decoding->view.row_in_string && search->path->space == SPACE_ROW) {
        extended = *as;
        extended.extended = true;
        as = &extended;
    }
    if (search->end->base64 && value.node->kind == JSON_STRING)
        return convert_base64(decoding, column, search, as, out);
    if (as->type.kind == TYPE_STRING && !as->extended) { /* any value's text */
        *out = (struct value){.as.text = json_text(value.doc, value.node, decoder->walk.arena)};
        return true;
    }
    if (convert_node(value.doc, value.node, decoder->walk.arena, as, out))
        return true;
    *out = column->absent;
    if (column->lenient)
        return true;
    refuse_value(decoding, column, search->path, json_text(value.doc, value.node, decoder->walk.arena));
    return as->foreign && REFUSE(decoder, OUTCOME_ERROR, decoder->row.reason, TEXT(": the schema says "),
                                 schema_name(&decoding->view, search->path, decoder->walk.arena));
}

/* The value of a column whose value Debezium left out. */
static bool fill_left_out(struct decoding *decoding, const struct column *column, struct value *out)
{
    decoding->has_left_out = true;
    *out = column->unavailable;
    return !decoding->decoder->layout->lists_left_out ||
           unmapped_add(&decoding->left_out, decoding->decoder->walk.arena, column->name);
}

static bool fill_column(struct decoding *decoding, size_t index, struct value *out)
{
    struct decoder *decoder = decoding->decoder;
    const struct column *column = &decoder->layout->columns[index];
    struct search search;
    find_value(decoding, index, &search);
    const bool found = search.value.node;
    if ((column->has_unavailable || decoder->layout->lists_left_out) &&
        is_left_out(decoding, column->paths, found ? search.path + 1 : column->paths + column->path_count)) {
        /* The default would be another row's key. */
        if (!column->has_unavailable && is_key(decoder->layout, column))
            return refuse_unavailable(decoder, column->paths[0].text);
        return fill_left_out(decoding, column, out);
    }
    if (column->required && (!found || is_empty(search.value.node)) &&
        is_required(decoding, column, search.path))
        return REFUSE(decoder, OUTCOME_ERROR, search.path->text, TEXT(": missing"));
    if (!found && search.unfit && !column->lenient)
        return refuse_value(decoding, column, search.unfit,
                            json_text(search.unfit_value.doc, search.unfit_value.node, decoder->walk.arena));
    if (!found && must_be_there(decoding, column, search.path))
        return REFUSE(decoder, OUTCOME_ERROR, search.path->text, TEXT(": missing"));
    if (!found) {
        *out = column->absent;
        return true;
    }
    if (search.path->space == SPACE_ROW && search.path->count == 2 && is_unavailable(decoding, search.value))
        return refuse_unavailable(decoder, search.path->text);
    return convert_value(decoding, index, &search, out);
}

static bool fill_columns(struct decoding *decoding)
{
    struct decoder *decoder = decoding->decoder;
    const struct layout *layout = decoder->layout;
    struct value *values = decoder->values;
    for (size_t i = 0; i < layout->column_count; i++)
        if (!fill_column(decoding, i, &values[i]))
            return false;
    if (!decoder->finder.lists_unmapped && !layout->lists_left_out)
        return true;
    struct unmapped unmapped = {.names = NULL};
    if (decoder->finder.lists_unmapped &&
        !finder_list_unmapped(&decoder->finder, &decoder->walk, &decoding->view, &unmapped))
        return true; /* decode() sees that the arena has failed */
    for (size_t i = 0; i < layout->column_count; i++) {
        if (layout->columns[i].paths[0].space == SPACE_UNMAPPED)
            values[i] = value_of_texts(decoder->walk.arena, unmapped.names, unmapped.count);
        else if (layout->columns[i].paths[0].space == SPACE_LEFT_OUT)
            values[i] =
                value_of_texts(decoder->walk.arena, decoding->left_out.names, decoding->left_out.count);
    }
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

static bool refuse_json(struct decoder *decoder, struct text message, struct json_fault *fault)
{
    static const struct text advice = {
        "; behind a schema registry's header: Avro or Protobuf? set value.converter to a JSON converter", 94};
    if (!view_has_header(message) || !fault->what)
        return fail_json(decoder, TEXT("not JSON"), fault);
    fault->byte += REGISTRY_HEADER;
    fail_json(decoder, TEXT("not JSON"), fault);
    return REFUSE(decoder, OUTCOME_ERROR, decoder->row.reason, advice);
}

static bool read_message(struct decoding *decoding, struct text message)
{
    struct decoder *decoder = decoding->decoder;
    struct text body = view_body(message);
    if (body.size == 0)
        return REFUSE(decoder, OUTCOME_SKIPPED, TEXT("tombstone"));
    struct json_fault fault;
    if (!json_parse(decoder->parser, decoder->walk.arena, body, decoder->walk.depth, &decoding->doc, &fault))
        return refuse_json(decoder, message, &fault);
    view_read(&decoder->finder.options, &decoder->walk, &decoding->doc, &decoding->view);
    if (!judge_form(decoding) || !judge_operation(decoding))
        return false;
    finder_find(&decoder->finder, &decoder->walk, &decoding->view);
    if (decoder->uses_schema && decoding->view.schema.node)
        schema_recall(&decoder->memo, &decoding->view);
    return judge_rules(decoding) && read_documents(decoding) && fill_columns(decoding);
}

/* What was decided of a message is what the next that looks like it may be decided by. */
static void learn(struct decoding *decoding, struct text message)
{
    struct decoder *decoder = decoding->decoder;
    if (decoder->row.outcome == OUTCOME_ERROR || decoding->has_left_out || decoder->message.failed ||
        decoding->ledger.failed || view_body(message).size == 0 || !decoding->doc.nodes ||
        decoding->doc.nodes->kind == JSON_NULL)
        return;
    /* The reason shows an operation that is no scalar as it stands, of which a slot knows nothing. */
    const struct json_node *const op = decoding->view.op_value.node;
    if (op && op->kind > JSON_STRING)
        return;
    const struct lesson lesson = {.message = message,
                                  .view = &decoding->view,
                                  .ledger = &decoding->ledger,
                                  .walk = &decoder->walk,
                                  .skipped = decoder->row.outcome == OUTCOME_SKIPPED,
                                  .reason = decoder->row.reason,
                                  .stage = decoding->stage};
    shapes_learn(decoder->shapes, &lesson);
}

const struct row *decode(struct decoder *decoder, struct text message)
{
    arena_reset(&decoder->message);
    decoder->walk.message++;
    decoder->row = (struct row){OUTCOME_EVENT, {NULL, 0}, decoder->values};
    struct verdict_known known;
    if (decoder->shapes &&
        shapes_match(decoder->shapes, message, decoder->walk.arena, decoder->values, &known)) {
        if (known.skipped)
            decoder->row = (struct row){OUTCOME_SKIPPED, known.reason, decoder->defaults};
        return &decoder->row;
    }
    struct decoding decoding;
    decoding.decoder = decoder;
    decoding.doc.nodes = NULL;
    decoding.has_left_out = false;
    decoding.stage = 0;
    decoding.left_out = (struct unmapped){.names = NULL};
    decoding.ledger = (struct ledger){.entries = NULL};
    decoder->walk.ledger =
        decoder->shapes && shapes_are_curious(decoder->shapes, message) ? &decoding.ledger : NULL;
    read_message(&decoding, message);
    if (decoder->walk.ledger)
        learn(&decoding, message);
    if (decoder->message.failed)
        return decode_refused(decoder, TEXT("out of memory"));
    return &decoder->row;
}

const struct row *decode_refused(struct decoder *decoder, struct text reason)
{
    decoder->row = (struct row){OUTCOME_ERROR, reason, decoder->defaults};
    return &decoder->row;
}
