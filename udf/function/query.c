#include "function/query.h"

#include <stdlib.h>

#include "debezium/envelope.h"
#include "layout/path_tree.h"

struct query {
    struct json_parser *parser;
    struct arena arena;
    struct path_walk walk;
};

static const struct text JSON_COLUMN = {"payload",
                                        7}; /* a bare row is known by it; there is no layout here to say */

struct query *query_new(const struct query_options *options)
{
    (void)options;
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        return NULL;
    query->parser = json_parser_new();
    query->walk = (struct path_walk){.parser = query->parser, .arena = &query->arena, .depth = JSON_DEPTH};
    if (query->parser)
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
    free(query);
}

static bool read_message(struct query *query, struct text message, struct json_doc *doc)
{
    struct json_fault fault;
    arena_reset(&query->arena);
    return message.size > 0 && message.size <= JSON_MOST &&
           json_parse(query->parser, &query->arena, message, JSON_DEPTH, doc, &fault);
}

/* Follows the steps from a value, crossing strings that hold an object or array. */
static struct place follow(struct query *query, struct place place, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count && place.node; i++) {
        if (place.node->kind == JSON_STRING) {
            struct json_doc *held = arena_alloc(&query->arena, sizeof *held);
            struct text text = json_text(place.doc, place.node, &query->arena);
            if (!held || !json_held(&query->walk, text, held))
                return (struct place){NULL, NULL};
            place = (struct place){held, held->nodes};
        }
        place.node = steps[i].name.data ? json_member(place.doc, place.node, steps[i].name, &query->arena)
                                        : json_element(place.doc, place.node, steps[i].index);
    }
    return place;
}

static bool is_there(struct place place)
{
    return place.node && place.node->kind != JSON_NULL;
}

/* A path as it stands: its names one within the other, or the first of them joined by dots, as Flatten writes keys. */
static struct place follow_from_root(struct query *query, struct place root, const struct path *path)
{
    struct place found = follow(query, root, path->steps, path->count);
    for (size_t i = 1; !is_there(found) && i < path->count && path->steps[i].name.data; i++) {
        const struct step *last = &path->steps[i];
        struct text key = {path->text.data, (size_t)(last->name.data + last->name.size - path->text.data)};
        const struct json_node *member = json_member(root.doc, root.node, key, &query->arena);
        if (member)
            found = follow(query, (struct place){root.doc, member}, last + 1, path->count - i - 1);
    }
    return found;
}

/* A path below after. in the row image, whatever shape the message has. */
static struct place follow_in_row(struct query *query, const struct json_doc *doc, const struct path *path)
{
    struct envelope envelope;
    envelope_read(doc, JSON_COLUMN, &query->arena, &envelope);
    const struct step *steps = path->steps + 1;
    size_t count = path->count - 1;
    struct place root = {doc, envelope.root};
    switch (envelope.shape) {
    case SHAPE_ENVELOPE:
    case SHAPE_UNWRAPPED:
        return follow(query, (struct place){doc, envelope.row}, steps, count);
    case SHAPE_FLATTENED: {
        struct text rest = {steps[0].name.data,
                            path->text.size - (size_t)(steps[0].name.data - path->text.data)};
        struct text text = arena_printf(&query->arena, "%s.%.*s", envelope.before ? "before" : "after",
                                        (int)rest.size, rest.data);
        struct path flat;
        if (!path_parse(&query->arena, text, &flat))
            return (struct place){NULL, NULL};
        return follow_from_root(query, root, &flat);
    }
    case SHAPE_OBJECT:
    case SHAPE_STRING: /* a router value is the JSON column's document itself */
        if (text_equal(steps[0].name, JSON_COLUMN) && count > 1)
            return follow(query, root, steps + 1, count - 1);
        break;
    case SHAPE_TOMBSTONE:
    case SHAPE_HEARTBEAT:
    case SHAPE_TRANSACTION:
    case SHAPE_OTHER:
        break;
    }
    return (struct place){NULL, NULL};
}

bool query_extract(struct query *query, struct text message, struct text path_text, struct text *answer)
{
    struct json_doc doc;
    struct path path;
    if (!read_message(query, message, &doc) || !path_parse(&query->arena, path_text, &path))
        return false;
    struct place place = follow_from_root(query, (struct place){&doc, doc.nodes}, &path);
    if (!is_there(place) && path.row)
        place = follow_in_row(query, &doc, &path);
    if (!is_there(place))
        return false;
    *answer = json_text(place.doc, place.node, &query->arena);
    return !query->arena.failed;
}

/* ---- unnest -------------------------------------------------------------------------------------------------------------- */

/* What grows: the message as it is written anew. */
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

/* Writes what the string holds in its place, where it holds an object or array. levels: encodings that may still be read. */
static bool expand_string(struct writing *writing, struct part *part, const struct json_node *node,
                          unsigned levels)
{
    struct query *query = writing->query;
    struct json_doc held;
    struct text text = json_text(part->doc, node, &query->arena);
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

/* Expands the strings of a row image. */
static bool expand_members(struct writing *writing, struct part *part, const struct json_node *image)
{
    for (const struct json_node *member = json_first(part->doc, image); member;
         member = json_after(part->doc, image, member))
        if (member->kind == JSON_STRING && !expand_string(writing, part, member, ENCODINGS_MOST))
            return false;
    return true;
}

/* Expands what belongs to the row images among the members of an envelope, flattened or not. */
static bool expand_images(struct writing *writing, struct part *part, const struct json_node *root,
                          bool flattened)
{
    for (const struct json_node *member = json_first(part->doc, root); member;
         member = json_after(part->doc, root, member)) {
        struct text key = json_key(part->doc, member, &writing->query->arena);
        if (flattened) {
            bool image = text_starts(key, TEXT("before.")) || text_starts(key, TEXT("after."));
            if (image && member->kind == JSON_STRING && !expand_string(writing, part, member, ENCODINGS_MOST))
                return false;
        } else if (text_equal(key, TEXT("before")) || text_equal(key, TEXT("after"))) {
            if (!expand_members(writing, part, member))
                return false;
        }
    }
    return true;
}

static bool expand_row_images(struct writing *writing, struct part *part)
{
    struct envelope envelope;
    envelope_read(part->doc, JSON_COLUMN, &writing->query->arena, &envelope);
    switch (envelope.shape) {
    case SHAPE_ENVELOPE:
    case SHAPE_FLATTENED:
        return expand_images(writing, part, envelope.root, envelope.shape == SHAPE_FLATTENED);
    case SHAPE_UNWRAPPED:
    case SHAPE_OBJECT:
        return expand_members(writing, part, envelope.root);
    case SHAPE_TOMBSTONE:
    case SHAPE_HEARTBEAT:
    case SHAPE_TRANSACTION:
    case SHAPE_STRING:
    case SHAPE_OTHER:
        break;
    }
    return true;
}

struct text query_unnest(struct query *query, struct text message)
{
    struct json_doc doc;
    struct writing writing = {.query = query};
    struct part part = {&doc, 0};
    if (!read_message(query, message, &doc) || !expand_row_images(&writing, &part) || part.written == 0 ||
        !append(&writing, message.data + part.written, message.size - part.written) || query->arena.failed)
        return message;
    return (struct text){writing.data, writing.size};
}
