#include "debezium/envelope.h"

/* The members that tell the shapes apart: of each name the first one's node, by its index; 0 (the root's): none. */
struct members {
    uint32_t op, source, schema, payload, after, before, ts_ms, status, id, event_count, data_collections,
        router_op, deleted, json_column;
    bool source_keys, after_keys, before_keys; /* some key begins with source., after., before. */
    size_t count;                              /* distinct names of those below, and every other member */
};

/* Where a key of this size is noted that is `name`: a comparison of a known size costs next to nothing. */
#define PLACE(name, member)                                                                                  \
    if (memcmp(key.data, name, sizeof(name) - 1) == 0)                                                       \
    return &members->member

static uint32_t *place_for(struct members *members, struct text key)
{
    switch (key.size) {
    case 2:
        PLACE("op", op);
        PLACE("id", id);
        break;
    case 4:
        PLACE("__op", router_op);
        break;
    case 5:
        PLACE("after", after);
        PLACE("ts_ms", ts_ms);
        break;
    case 6:
        PLACE("before", before);
        PLACE("source", source);
        PLACE("schema", schema);
        PLACE("status", status);
        break;
    case 7:
        PLACE("payload", payload);
        break;
    case 9:
        PLACE("__deleted", deleted);
        break;
    case 11:
        PLACE("event_count", event_count);
        break;
    case 16:
        PLACE("data_collections", data_collections);
        break;
    default:
        break;
    }
    return NULL;
}

static void list_members(const struct json_doc *doc, const struct json_node *object, struct text json_column,
                         struct arena *arena, struct members *members)
{
    *members = (struct members){0};
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member)) {
        struct text key = json_key(doc, member, arena);
        uint32_t *place = place_for(members, key);
        if (json_column.size && !members->json_column && text_equal(key, json_column))
            members->json_column = (uint32_t)(member - doc->nodes);
        if (place && *place)
            continue;
        if (place)
            *place = (uint32_t)(member - doc->nodes);
        members->count++;
        members->source_keys |= text_starts(key, TEXT("source."));
        members->after_keys |= text_starts(key, TEXT("after."));
        members->before_keys |= text_starts(key, TEXT("before."));
    }
}

/* A member's node, or NULL. */
static const struct json_node *node_of(const struct json_doc *doc, uint32_t member)
{
    return member ? &doc->nodes[member] : NULL;
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
        return json_text(doc, node_of(doc, members->op), arena);
    if (members->router_op)
        return json_text(doc, node_of(doc, members->router_op), arena);
    const struct json_node *deleted = node_of(doc, members->deleted);
    bool is_deleted = deleted && (deleted->kind == JSON_TRUE || deleted->kind == JSON_STRING) &&
                      text_equal(json_text(doc, deleted, arena), TEXT("true"));
    return is_deleted ? TEXT("d") : TEXT("c");
}

static enum shape shape_of(const struct json_doc *doc, const struct members *members)
{
    if (members->op && members->source && node_of(doc, members->source)->kind == JSON_OBJECT)
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

static void find_row(const struct json_doc *doc, struct envelope *envelope, const struct members *members)
{
    const struct json_node *image = NULL;
    if (envelope->shape == SHAPE_UNWRAPPED) {
        image = envelope->root;
    } else if (envelope->shape == SHAPE_ENVELOPE) {
        image = node_of(doc, envelope->before ? members->before : members->after);
    } else if (envelope->shape == SHAPE_FLATTENED) {
        envelope->has_row = envelope->before ? members->before_keys : members->after_keys;
        return;
    }
    if (image && image->kind != JSON_NULL)
        envelope->row = image;
    envelope->has_row = envelope->row != NULL;
}

void envelope_read(const struct json_doc *doc, struct text json_column, struct arena *arena,
                   struct envelope *envelope)
{
    *envelope = (struct envelope){.shape = SHAPE_OTHER, .root = doc->nodes, .op = TEXT("c")};
    for (int wrappings = 0; envelope->root->kind == JSON_OBJECT; wrappings++) {
        struct members members;
        list_members(doc, envelope->root, json_column, arena, &members);
        if (members.count == 2 && members.schema && members.payload && wrappings < WRAPPINGS_MOST) {
            envelope->schema = node_of(doc, members.schema);
            envelope->root = node_of(doc, members.payload);
            continue;
        }
        envelope->shape = shape_of(doc, &members);
        if (envelope->shape == SHAPE_ENVELOPE || envelope->shape == SHAPE_FLATTENED ||
            envelope->shape == SHAPE_UNWRAPPED)
            envelope->op = operation(doc, &members, envelope->shape, arena);
        envelope->before = text_equal(envelope->op, TEXT("d"));
        find_row(doc, envelope, &members);
        return;
    }
    if (envelope->root->kind == JSON_NULL)
        envelope->shape = SHAPE_TOMBSTONE;
    else if (envelope->root->kind == JSON_STRING)
        envelope->shape = SHAPE_STRING;
}
