#include "envelope.h"

/* The members that tell the shapes apart: the first of each name. */
struct members {
    const struct json_node *op, *source, *schema, *payload, *after, *before, *ts_ms, *status, *id,
        *event_count, *data_collections, *router_op, *deleted, *json_column;
    bool source_keys, after_keys, before_keys; /* some key begins with source., after., before. */
    size_t count;                              /* distinct names of those below, and every other member */
};

static const struct json_node **place_for(struct members *members, struct text key)
{
    const struct {
        struct text name;
        const struct json_node **place;
    } known[] = {
        {{"op", 2}, &members->op},
        {{"source", 6}, &members->source},
        {{"schema", 6}, &members->schema},
        {{"payload", 7}, &members->payload},
        {{"after", 5}, &members->after},
        {{"before", 6}, &members->before},
        {{"ts_ms", 5}, &members->ts_ms},
        {{"status", 6}, &members->status},
        {{"id", 2}, &members->id},
        {{"event_count", 11}, &members->event_count},
        {{"data_collections", 16}, &members->data_collections},
        {{"__op", 4}, &members->router_op},
        {{"__deleted", 9}, &members->deleted},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal(key, known[i].name))
            return known[i].place;
    return NULL;
}

static struct members list_members(const struct json_doc *doc, const struct json_node *object,
                                   struct text json_column, struct arena *arena)
{
    struct members members = {0};
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member)) {
        struct text key = json_key(doc, member, arena);
        const struct json_node **place = place_for(&members, key);
        if (json_column.size && !members.json_column && text_equal(key, json_column))
            members.json_column = member;
        if (place && *place)
            continue;
        if (place)
            *place = member;
        members.count++;
        members.source_keys |= text_starts(key, TEXT("source."));
        members.after_keys |= text_starts(key, TEXT("after."));
        members.before_keys |= text_starts(key, TEXT("before."));
    }
    return members;
}

static bool is_transaction(const struct members *members)
{
    return members->count == 5 && members->status && members->id && members->event_count &&
           members->data_collections && members->ts_ms;
}

static struct text operation(const struct json_doc *doc, const struct members *members, enum shape shape,
                             struct arena *arena)
{
    if (shape == SHAPE_ENVELOPE || shape == SHAPE_FLATTENED)
        return json_text(doc, members->op, arena);
    if (members->router_op)
        return json_text(doc, members->router_op, arena);
    const struct json_node *deleted = members->deleted;
    bool is_deleted = deleted && (deleted->kind == JSON_TRUE || deleted->kind == JSON_STRING) &&
                      text_equal(json_text(doc, deleted, arena), TEXT("true"));
    return is_deleted ? TEXT("d") : TEXT("c");
}

static enum shape shape_of(const struct members *members)
{
    if (members->op && members->source && members->source->kind == JSON_OBJECT)
        return SHAPE_ENVELOPE;
    if (members->op && members->source_keys)
        return SHAPE_FLATTENED;
    if (members->count == 1 && members->ts_ms)
        return SHAPE_HEARTBEAT;
    if (is_transaction(members))
        return SHAPE_TRANSACTION;
    if (members->router_op || members->deleted || members->json_column)
        return SHAPE_UNWRAPPED;
    return SHAPE_OBJECT;
}

static void find_row(struct envelope *envelope, const struct members *members)
{
    const struct json_node *image = NULL;
    if (envelope->shape == SHAPE_UNWRAPPED) {
        image = envelope->root;
    } else if (envelope->shape == SHAPE_ENVELOPE) {
        image = envelope->before ? members->before : members->after;
    } else if (envelope->shape == SHAPE_FLATTENED) {
        envelope->has_row = envelope->before ? members->before_keys : members->after_keys;
        return;
    }
    if (image && image->kind != JSON_NULL)
        envelope->row = image;
    envelope->has_row = envelope->row != NULL;
}

struct envelope envelope_read(const struct json_doc *doc, struct text json_column, struct arena *arena)
{
    struct envelope envelope = {.shape = SHAPE_OTHER, .root = doc->nodes, .op = TEXT("c")};
    for (int wrappings = 0; envelope.root->kind == JSON_OBJECT; wrappings++) {
        struct members members = list_members(doc, envelope.root, json_column, arena);
        if (members.count == 2 && members.schema && members.payload && wrappings < WRAPPINGS_MOST) {
            envelope.schema = members.schema;
            envelope.root = members.payload;
            continue;
        }
        envelope.shape = shape_of(&members);
        if (envelope.shape == SHAPE_ENVELOPE || envelope.shape == SHAPE_FLATTENED ||
            envelope.shape == SHAPE_UNWRAPPED)
            envelope.op = operation(doc, &members, envelope.shape, arena);
        envelope.before = text_equal(envelope.op, TEXT("d"));
        find_row(&envelope, &members);
        return envelope;
    }
    if (envelope.root->kind == JSON_NULL)
        envelope.shape = SHAPE_TOMBSTONE;
    else if (envelope.root->kind == JSON_STRING)
        envelope.shape = SHAPE_STRING;
    return envelope;
}
