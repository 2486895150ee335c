/* yyjson, with memory that is reused from message to message. */
#include <stdlib.h>

#include "rivals.h"
#include "yyjson.h"

struct pool {
    void *memory;
    size_t size;
};

struct state {
    struct pool message, payload, properties;
};

static bool pool_open(struct pool *pool, size_t most)
{
    pool->size = yyjson_read_max_memory_usage(most, 0);
    pool->memory = malloc(pool->size);
    return pool->memory != NULL;
}

static void state_close(void *opaque)
{
    struct state *state = opaque;
    free(state->message.memory);
    free(state->payload.memory);
    free(state->properties.memory);
    free(state);
}

static void *state_open(size_t most)
{
    struct state *state = calloc(1, sizeof *state);
    if (state && pool_open(&state->message, most) && pool_open(&state->payload, most) &&
        pool_open(&state->properties, most))
        return state;
    if (state)
        state_close(state);
    return NULL;
}

static void take(struct rival_row *row, yyjson_val *element, int slot, struct text *document);

static void take_members(struct rival_row *row, yyjson_val *object, enum rival_level level,
                         struct text *document)
{
    yyjson_obj_iter iterator = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iterator));) {
        int slot = rival_slot(level, yyjson_get_str(key), yyjson_get_len(key));
        if (slot != SLOT_NONE)
            take(row, yyjson_obj_iter_get_val(key), slot, document);
    }
}

static void take(struct rival_row *row, yyjson_val *element, int slot, struct text *document)
{
    struct rival_value ignored, *value = slot >= 0 ? &row->values[slot] : &ignored;
    if (yyjson_is_obj(element)) {
        take_members(row, element, rival_level_of(slot), document);
    } else if (yyjson_is_str(element)) {
        rival_take_string(row, slot, (struct text){yyjson_get_str(element), yyjson_get_len(element)},
                          document);
    } else if (yyjson_is_uint(element)) {
        value->kind = RIVAL_NATURAL;
        value->as.natural = yyjson_get_uint(element);
    } else if (yyjson_is_sint(element)) {
        value->kind = RIVAL_INTEGER;
        value->as.integer = yyjson_get_sint(element);
    } else if (yyjson_is_real(element)) {
        value->kind = RIVAL_REAL;
        value->as.real = yyjson_get_real(element);
    } else if (yyjson_is_bool(element)) {
        value->kind = yyjson_get_bool(element) ? RIVAL_TRUE : RIVAL_FALSE;
    }
}

/* A document is never freed: it stays in its pool until that begins anew. */
static bool read_document(struct pool *pool, struct rival_row *row, struct text json, enum rival_level level,
                          struct text *document)
{
    yyjson_alc allocator;
    yyjson_alc_pool_init(&allocator, pool->memory, pool->size);
    /* Without YYJSON_READ_INSITU the text is not written to. */
    yyjson_val *root =
        yyjson_doc_get_root(yyjson_read_opts((char *)(uintptr_t)json.data, json.size, 0, &allocator, NULL));
    if (!yyjson_is_obj(root))
        return false;
    take_members(row, root, level, document);
    return true;
}

static bool state_read(void *opaque, struct text message, struct rival_row *row)
{
    struct state *state = opaque;
    struct text document = {NULL, 0};
    if (!read_document(&state->message, row, message, LEVEL_MESSAGE, &document) || !document.data ||
        !read_document(&state->payload, row, document, LEVEL_PAYLOAD, NULL))
        return false;
    struct rival_value *properties = &row->values[SLOT_PROPERTIES];
    if (rival_has_document(row))
        return read_document(&state->properties, row, properties->text, LEVEL_PROPERTIES, NULL);
    properties->text = rival_find_properties(document);
    properties->kind = properties->text.data ? RIVAL_RAW : RIVAL_ABSENT;
    return true;
}

const struct rival rival_yyjson = {"yyjson", state_open, state_close, state_read};
