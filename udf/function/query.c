#include "function/query.h"

#include <stdlib.h>

#include "base/base64.h"
#include "debezium/view.h"
#include "layout/path_tree.h"

struct query {
    struct json_parser *parser;
    struct arena arena;
    struct path_walk walk;
    struct arena own; /* what the options need */
    struct view_options options;
    const struct text *base64_documents; /* members of the row image; `base64_count` of them */
    size_t base64_count;
};

/* A bare row is known by it; there is no layout here to say. */
#define JSON_COLUMN TEXT("payload")

struct query *query_new(const struct query_options *options)
{
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        return NULL;
    query->parser = json_parser_new();
    query->walk = (struct path_walk){.parser = query->parser, .arena = &query->arena, .depth = JSON_DEPTH};
    query->options = (struct view_options){.json_column = JSON_COLUMN, .metadata_prefix = TEXT("__")};
    if (options->has_metadata_prefix)
        query->options.metadata_prefix = options->metadata_prefix;
    query->base64_documents = options->base64_documents;
    query->base64_count = options->count;
    if (query->parser && view_index(&query->own, &query->options))
        return query;
    query_free(query);
    return NULL;
}

void query_free(struct query *query)
{
    if (!query)
        return;
    json_parser_free(query->parser);
    arena_free(&query->arena);
    arena_free(&query->own);
    free(query);
}

static bool read_message(struct query *query, struct text message, struct json_doc *doc, struct view *view)
{
    struct json_fault fault;
    arena_reset(&query->arena);
    if (message.size == 0 || message.size > JSON_MOST ||
        !json_parse(query->parser, &query->arena, message, JSON_DEPTH, doc, &fault))
        return false;
    view_read(&query->options, &query->walk, doc, view);
    return true;
}

/* ---- extract ------------------------------------------------------------------------------------------------------------- */

static const struct node_ref NOWHERE = {NULL, NULL};

static bool is_base64(const struct query *query, struct text member)
{
    for (size_t i = 0; i < query->base64_count; i++)
        if (text_equal(query->base64_documents[i], member))
            return true;
    return false;
}

/* The document in a string. */
static struct node_ref open_string(struct query *query, struct node_ref value)
{
    struct json_doc *document = arena_alloc(&query->arena, sizeof *document);
    if (document && document_in_text(&query->walk, json_text(value.doc, value.node, &query->arena), document))
        return (struct node_ref){document, document->nodes};
    return NOWHERE;
}

/* Follows the steps from a value, crossing strings that hold an object or array. */
static struct node_ref follow(struct query *query, struct node_ref value, const struct step *steps,
                              size_t count)
{
    for (size_t i = 0; i < count && value.node; i++) {
        if (value.node->kind == JSON_STRING) {
            value = open_string(query, value);
            if (!value.node)
                return NOWHERE;
        }
        value.node = steps[i].name.data ? json_member(value.doc, value.node, steps[i].name, &query->arena)
                                        : json_element(value.doc, value.node, steps[i].index);
    }
    return value;
}

/* The text that a string's base64 stands for, as a value of its own; NOWHERE if it is none. */
static struct node_ref decode_string(struct query *query, struct node_ref value)
{
    struct json_doc *document = arena_alloc(&query->arena, sizeof *document);
    struct json_node *node = arena_alloc(&query->arena, sizeof *node);
    struct text bytes;
    if (!document || !node || !base64_decode(&query->arena, json_text(value.doc, value.node, &query->arena), JSON_PADDING, &bytes))
        return NOWHERE;
    *node = (struct json_node){.end = (uint32_t)bytes.size, .next = 1, .kind = JSON_STRING};
    *document = (struct json_doc){bytes.data, node, 1};
    return (struct node_ref){document, node};
}

/* Follows the steps from a member of the row image, whose string may be the base64 of its document. */
static struct node_ref follow_member(struct query *query, struct node_ref value, struct text name, const struct step *steps,
                                     size_t count)
{
    if (value.node->kind == JSON_STRING && is_base64(query, name))
        value = decode_string(query, value);
    return follow(query, value, steps, count);
}

static bool is_there(struct node_ref value)
{
    return value.node && value.node->kind != JSON_NULL;
}

/* How much of a path its steps up to number `count` are, where those are names joined by dots; 0 if not. */
static size_t joined_size(const struct path *path, size_t first, size_t count)
{
    const char *at = path->steps[first].name.data;
    for (size_t i = first; i < count; i++) {
        const struct text name = path->steps[i].name;
        if (!name.data || name.data < path->text.data || name.data >= path->text.data + path->text.size)
            return 0;
    }
    const struct text last = path->steps[count - 1].name;
    return (size_t)(last.data + last.size - at);
}

/* A path as it stands: its names one within the other, or the first of them joined by dots, as Flatten writes keys. */
static struct node_ref follow_from(struct query *query, struct node_ref root, const struct path *path,
                                   size_t first)
{
    struct node_ref found = follow(query, root, path->steps + first, path->count - first);
    for (size_t count = first + 2; !is_there(found) && count <= path->count; count++) {
        const size_t size = joined_size(path, first, count);
        if (size == 0)
            break;
        const struct text key = {path->steps[first].name.data, size};
        const struct json_node *member = json_member(root.doc, root.node, key, &query->arena);
        if (member)
            found =
                follow(query, (struct node_ref){root.doc, member}, path->steps + count, path->count - count);
    }
    return found;
}

/* A path in an image: a flattened one's members are named by names joined by dots, of which the longest that is there counts. */
static struct node_ref follow_in_image(struct query *query, const struct image *image,
                                       const struct path *path)
{
    const size_t joined = image->naming == NAMED_BY_PREFIX ? path->count : 2;
    for (size_t count = joined; count >= 2; count--) {
        struct text name = path->steps[1].name;
        if (count > 2 && (name.size = joined_size(path, 1, count)) == 0)
            continue;
        const struct json_node *member = image_member(image, name, &query->arena);
        struct node_ref found = NOWHERE;
        if (member)
            found = follow_member(query, (struct node_ref){image->doc, member}, name, path->steps + count,
                                  path->count - count);
        if (is_there(found) || count == 2)
            return found;
    }
    return NOWHERE;
}

/* A path as the view has it, in every form. */
static struct node_ref follow_in_view(struct query *query, const struct view *view, const struct path *path)
{
    if (view->verdict == VERDICT_SKIPPED)
        return NOWHERE;
    if (path->space == SPACE_OP)
        return view->verdict == VERDICT_ROW ? view->op_value : NOWHERE;
    if (path->space == SPACE_TS_MS)
        return view->ts_ms;
    if (path->space == SPACE_MESSAGE)
        return follow_from(query, (struct node_ref){view->doc, view->root}, path, 0);
    /* A router value is the JSON column's document itself. */
    if (path->space == SPACE_ROW && !view->image[SPACE_ROW].node &&
        text_equal(path->steps[1].name, query->options.json_column) && path->count > 2)
        return follow(query, (struct node_ref){view->doc, view->root}, path->steps + 2, path->count - 2);
    return view->image[path->space].node ? follow_in_image(query, &view->image[path->space], path) : NOWHERE;
}

/* Whether the view answers for a path alone, found or not. */
static bool is_of_view(const struct view *view, const struct path *path)
{
    if (view->verdict != VERDICT_ROW || path->space == SPACE_MESSAGE)
        return false;
    return path->space == SPACE_OP || path->space == SPACE_TS_MS || path->space == SPACE_SOURCE ||
           view->image[path->space].node != NULL;
}

/* A value as text. In a row image that came as a string, an Extended JSON scalar is the scalar that it stands for. */
static bool text_of_value(struct query *query, const struct view *view, const struct path *path, struct node_ref value,
                          struct text *answer)
{
    struct conversion as = {.extended = view->row_in_string && path->space == SPACE_ROW};
    struct value converted;
    *answer = json_text(value.doc, value.node, &query->arena);
    if (as.extended && value.node->kind == JSON_OBJECT && type_parse("String", &as.type) &&
        convert_node(value.doc, value.node, &query->arena, &as, &converted))
        *answer = converted.as.text;
    return !query->arena.failed;
}

bool query_extract(struct query *query, struct text message, struct text path_text, struct text *answer)
{
    struct json_doc doc;
    struct view view;
    struct path path;
    if (!read_message(query, view_body(message), &doc, &view) || !path_parse(&query->arena, path_text, &path))
        return false;
    struct node_ref found = follow_in_view(query, &view, &path);
    if (!is_there(found) && !is_of_view(&view, &path))
        found = follow_from(query, (struct node_ref){&doc, view.root}, &path, 0);
    if (!is_there(found) && !is_of_view(&view, &path))
        found = follow_from(query, (struct node_ref){&doc, doc.nodes}, &path, 0);
    return is_there(found) && text_of_value(query, &view, &path, found, answer);
}

/* ---- unnest -------------------------------------------------------------------------------------------------------------- */

/* What grows: the message as it is rewritten. */
struct writing {
    struct query *query;
    char *data;
    size_t size, room;
};

static bool append(struct writing *writing, const char *data, size_t size)
{
    if (writing->room - writing->size < size) {
        size_t room = (writing->size + size) * 2;
        char *larger = arena_alloc(&writing->query->arena, room + JSON_PADDING);
        if (!larger)
            return false;
        if (writing->size)
            memcpy(larger, writing->data, writing->size);
        writing->data = larger;
        writing->room = room;
    }
    if (size)
        memcpy(writing->data + writing->size, data, size);
    writing->size += size;
    return true;
}

/* A part of a document that is written as it stands but for the strings that are expanded: `written` is how far that has come. */
struct part {
    const struct json_doc *doc;
    uint32_t written;
};

static bool expand_within(struct writing *writing, struct part *part, const struct json_node *node,
                          unsigned levels);

/* Writes what a string's text holds in the string's place, where it holds an object or array. levels: encodings that may still be
 * read. */
static bool expand_text(struct writing *writing, struct part *part, const struct json_node *node, struct text text,
                        unsigned levels)
{
    struct query *query = writing->query;
    struct json_doc held;
    do {
        struct json_fault fault;
        if (levels == 0 || text.size == 0 ||
            !json_parse(query->parser, &query->arena, text, JSON_DEPTH, &held, &fault))
            return true;
        levels--;
        if (held.nodes->kind == JSON_STRING)
            text = json_text(&held, held.nodes, &query->arena);
    } while (held.nodes->kind == JSON_STRING);
    if (held.nodes->kind < JSON_ARRAY)
        return true;
    struct part inner = {&held, held.nodes->start};
    if (!append(writing, part->doc->text + part->written, node->start - 1 - part->written) ||
        !expand_within(writing, &inner, held.nodes, levels) ||
        !append(writing, held.text + inner.written, held.nodes->end - inner.written))
        return false;
    part->written = node->end + 1;
    return true;
}

static bool expand_string(struct writing *writing, struct part *part, const struct json_node *node, unsigned levels)
{
    return expand_text(writing, part, node, json_text(part->doc, node, &writing->query->arena), levels);
}

/* Expands the strings at any depth of a container. */
static bool expand_within(struct writing *writing, struct part *part, const struct json_node *node,
                          unsigned levels)
{
    for (const struct json_node *child = json_first(part->doc, node); child;
         child = json_after(part->doc, node, child)) {
        if (child->kind == JSON_STRING) {
            if (!expand_string(writing, part, child, levels))
                return false;
        } else if (!expand_within(writing, part, child, levels)) {
            return false;
        }
    }
    return true;
}

/* Expands the string of a row image's member, which may be the base64 of its document. */
static bool expand_member(struct writing *writing, struct part *part, const struct json_node *string, struct text name)
{
    struct query *query = writing->query;
    if (!is_base64(query, name))
        return expand_string(writing, part, string, ENCODINGS_LIMIT);
    const struct node_ref decoded = decode_string(query, (struct node_ref){part->doc, string});
    return !decoded.node || expand_text(writing, part, string, json_raw(decoded.doc, decoded.node), ENCODINGS_LIMIT);
}

/* Expands the strings of an object's members, of a flattened one those of the row images. */
static bool expand_members(struct writing *writing, struct part *part, const struct json_node *object,
                           bool flattened)
{
    for (const struct json_node *member = json_first(part->doc, object); member;
         member = json_after(part->doc, object, member)) {
        struct text key = json_key(part->doc, member, &writing->query->arena);
        const bool before = text_starts(key, TEXT("before.")), after = text_starts(key, TEXT("after."));
        if ((flattened && !before && !after) || member->kind != JSON_STRING)
            continue;
        const struct text name = flattened ? text_from(key, before ? sizeof "before." - 1 : sizeof "after." - 1) : key;
        if (!expand_member(writing, part, member, name))
            return false;
    }
    return true;
}

/* Expands a row image, which may be a string that holds one. */
static bool expand_image(struct writing *writing, struct part *part, const struct json_node *image)
{
    if (image->kind == JSON_STRING)
        return expand_string(writing, part, image, ENCODINGS_LIMIT);
    return image->kind != JSON_OBJECT || expand_members(writing, part, image, false);
}

static bool expand_row_images(struct writing *writing, struct part *part, const struct view *view)
{
    const struct json_node *root = view->root;
    if (view->verdict == VERDICT_SKIPPED || !root || root->kind != JSON_OBJECT)
        return true;
    const bool flattened = view->image[SPACE_MESSAGE].naming == NAMED_BY_PREFIX;
    if (flattened || view->verdict == VERDICT_REFUSED || view->image[SPACE_ROW].node == root)
        return expand_members(writing, part, root, flattened);
    for (const struct json_node *member = json_first(view->doc, root); member;
         member = json_after(view->doc, root, member)) {
        struct text key = json_key(view->doc, member, &writing->query->arena);
        if ((text_equal(key, TEXT("before")) || text_equal(key, TEXT("after"))) &&
            !expand_image(writing, part, member))
            return false;
    }
    return true;
}

struct text query_unnest(struct query *query, struct text message)
{
    struct json_doc doc;
    struct view view;
    struct writing writing = {.query = query};
    struct part part = {&doc, 0};
    const struct text body = view_body(message);
    if (!read_message(query, body, &doc, &view))
        return message;
    if (!expand_row_images(&writing, &part, &view) || part.written == 0)
        return query->arena.failed ? message : body;
    if (!append(&writing, body.data + part.written, body.size - part.written) || query->arena.failed)
        return message;
    return (struct text){writing.data, writing.size};
}
