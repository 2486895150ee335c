/* cJSON, which is not strict. Its trees live until the next message. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "rivals.h"

struct state {
    cJSON *message, *payload, *properties;
};

static void *state_open(size_t most)
{
    (void)most;
    return calloc(1, sizeof(struct state));
}

static void forget(struct state *state)
{
    cJSON_Delete(state->message);
    cJSON_Delete(state->payload);
    cJSON_Delete(state->properties);
    *state = (struct state){NULL, NULL, NULL};
}

static void state_close(void *state)
{
    forget(state);
    free(state);
}

static void take(struct rival_row *row, const cJSON *element, int slot, struct text *document);

static void take_members(struct rival_row *row, const cJSON *object, enum rival_level level,
                         struct text *document)
{
    for (const cJSON *member = object->child; member; member = member->next) {
        int slot = rival_slot(level, member->string, strlen(member->string));
        if (slot != SLOT_NONE)
            take(row, member, slot, document);
    }
}

static void take(struct rival_row *row, const cJSON *element, int slot, struct text *document)
{
    struct rival_value ignored, *value = slot >= 0 ? &row->values[slot] : &ignored;
    if (cJSON_IsObject(element)) {
        take_members(row, element, rival_level_of(slot), document);
    } else if (cJSON_IsString(element)) {
        rival_take_string(row, slot, text_of(element->valuestring), document);
    } else if (cJSON_IsNumber(element)) {
        value->kind = RIVAL_REAL;
        value->as.real = element->valuedouble;
    } else if (cJSON_IsBool(element)) {
        value->kind = cJSON_IsTrue(element) ? RIVAL_TRUE : RIVAL_FALSE;
    }
}

static bool read_document(cJSON **tree, struct rival_row *row, struct text json, enum rival_level level,
                          struct text *document)
{
    *tree = cJSON_ParseWithLength(json.data, json.size);
    if (!cJSON_IsObject(*tree))
        return false;
    take_members(row, *tree, level, document);
    return true;
}

static bool state_read(void *opaque, struct text message, struct rival_row *row)
{
    struct state *state = opaque;
    struct text document = {NULL, 0};
    forget(state);
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

const struct rival rival_cjson = {"cJSON (not strict)", state_open, state_close, state_read};
