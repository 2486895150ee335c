#include "forms.h"

#include <ctype.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const ops[] = {"\"c\"", "\"u\"", "\"r\"", "\"d\"", "\"t\"",       "\"m\"",
                                  "null",  "1",     "\"\"",  "\"x\"", "\"\\u0063\"", "[\"c\"]"};

unsigned operation_count(void)
{
    return COUNT(ops);
}

/* What a form is written with. */
struct form_writing {
    const struct writing *writing;
    const struct habits *habits;
    const struct world *world;
    const char *op;
    bool deleted;
};

/* ---- Envelopes ----------------------------------------------------------------------------------------------------------- */

static void put_image(struct buffer *out, const struct form_writing *form, const char *name, bool present)
{
    struct node image = *form->world->row;
    image.encodings = form->habits->image_text;
    buffer_print(out, "\"%s\":", name);
    if (present)
        put_node(out, form->writing, &image);
    else
        buffer_text(out, "null");
}

static void put_images(struct buffer *out, const struct form_writing *form)
{
    put_image(out, form, "before", form->deleted || form->habits->before);
    put_comma(out, form->writing);
    put_image(out, form, "after", !form->deleted);
}

static void put_beside(struct buffer *out, const struct form_writing *form, unsigned count)
{
    bool first = false;
    for (unsigned i = 0; i < form->world->beside_count && i < count; i++)
        put_member(out, form->writing, "", form->world->beside[i], &first);
}

static void put_envelope(struct buffer *out, const struct form_writing *form, bool source)
{
    const struct style *style = &form->writing->style;
    const bool early = style->shuffled && style->seed % 2;
    bool first = false;
    buffer_text(out, "{");
    if (early)
        buffer_print(out, "\"op\":%s,", form->op);
    put_images(out, form);
    if (source)
        put_member(out, form->writing, "", form->world->source, &first);
    if (!early)
        buffer_print(out, ",\"op\":%s", form->op);
    put_beside(out, form, source ? form->world->beside_count : 1);
    buffer_text(out, "}");
}

/* iodebezium and the name's letters and digits in lower case. */
static void put_cloud_name(struct buffer *out, const char *name)
{
    buffer_text(out, ",\"iodebezium");
    for (; *name; name++)
        if (isalnum((unsigned char)*name))
            buffer_print(out, "%c", tolower((unsigned char)*name));
    buffer_text(out, "\":");
}

static void put_cloud(struct buffer *out, const struct form_writing *form)
{
    const struct style *style = &form->writing->style;
    buffer_text(out,
                "{\"id\":\"name:s;lsn:1\",\"source\":\"/debezium/postgresql/s\",\"specversion\":\"1.0\"");
    if (style->seed % 3)
        buffer_text(out, ",\"type\":\"io.debezium.connector.postgresql.DataChangeEvent\"");
    buffer_text(out, ",\"datacontenttype\":\"application/json\"");
    put_cloud_name(out, "op");
    buffer_text(out, form->op);
    for (unsigned i = 0; i < form->world->source->count; i++) {
        put_cloud_name(out, form->world->source->children[i]->name);
        put_node(out, form->writing, form->world->source->children[i]);
    }
    buffer_text(out, style->seed % 2 ? ",\"data\":{\"schema\":{},\"payload\":{" : ",\"data\":{");
    put_images(out, form);
    if (style->seed % 5 == 0)
        buffer_print(out, ",\"op\":%s", form->op);
    buffer_text(out, style->seed % 2 ? "}}}" : "}}");
}

static void put_changefeed(struct buffer *out, const struct form_writing *form)
{
    buffer_text(out, "{");
    if (form->habits->before)
        put_images(out, form);
    else
        put_image(out, form, "after", !form->deleted);
    buffer_text(out, ",\"key\":[1],\"updated\":\"1767323045123456789.0000000000\"}");
}

/* ---- Rows ---------------------------------------------------------------------------------------------------------------- */

static void put_unwrapped(struct buffer *out, const struct form_writing *form, bool meta)
{
    const struct style *style = &form->writing->style;
    const char *prefix = form->world->prefix;
    bool first = true;
    buffer_text(out, "{");
    put_members(out, form->writing, form->world->row, &first);
    if (meta) {
        const bool operation = style->seed % 5 != 0, marked = style->seed % 3 != 0 || !operation;
        if (operation)
            buffer_print(out, "%s\"%sop\":%s", first ? "" : ",", prefix, form->op);
        if (marked)
            buffer_print(out, "%s\"__deleted\":\"%s\"", first && !operation ? "" : ",",
                         form->deleted ? "true" : "false");
        char longer[64] = "";
        strncat(longer, prefix, sizeof longer - 8);
        if (style->seed % 7 != 0)
            strcat(longer, "source_");
        first = false;
        put_flat_members(out, form->writing, longer, form->world->source, &first);
    }
    buffer_text(out, "}");
}

static void put_flattened(struct buffer *out, const struct form_writing *form)
{
    bool first = true;
    buffer_text(out, "{");
    put_flat_members(out, form->writing, form->deleted ? "before." : "after.", form->world->row, &first);
    if (form->habits->before && !form->deleted)
        put_flat_members(out, form->writing, "before.", form->world->row, &first);
    put_flat_members(out, form->writing, "source.", form->world->source, &first);
    buffer_print(out, "%s\"op\":%s", first ? "" : ",", form->op);
    put_beside(out, form, form->world->beside_count);
    buffer_text(out, "}");
}

static void put_router(struct buffer *out, const struct form_writing *form, bool text)
{
    const struct node *document = world_document(form->world);
    struct node plain = document ? *document : *form->world->row;
    plain.encodings = text ? 1 + (form->writing->style.seed % 9 == 0) : 0;
    put_node(out, form->writing, &plain);
}

static void put_control(struct buffer *out, struct chance *chance)
{
    static const char *const controls[] = {
        "{\"ts_ms\":1767323045123}",
        "",
        "null",
        "{\"status\":\"BEGIN\",\"id\":\"571:53195829\",\"event_count\":null,\"data_collections\":null,\"ts_ms\":"
        "1486500577125}",
        "{\"status\":\"END\",\"id\":\"571:53195832\",\"event_count\":2,\"data_collections\":[{\"data_collection\":\"s1.a\","
        "\"event_count\":1}],\"ts_ms\":1486500577691}",
        "{\"schema\":{\"type\":\"struct\"},\"payload\":null}",
        "{\"schema\":null,\"payload\":{\"ts_ms\":1767323045123}}",
        "{\"resolved\":\"1767323045123456789.0000000000\"}",
        "{\"status\":\"END\",\"id\":\"1\",\"event_count\":2,\"data_collections\":[]}",
        "{\"id\":\"1\",\"type\":\"Incremental Snapshot\",\"aggregate_type\":\"x\",\"additional_data\":{},\"timestamp\":1}",
        "{\"source\":{\"server\":\"s\"},\"ts_ms\":1,\"databaseName\":\"d\",\"ddl\":\"CREATE TABLE t\",\"tableChanges\":[]}",
        "{}",
        "[]",
        "0",
        "\"x\"",
        " ",
        "{\"ts_ms\":1,\"x\":1}",
        "\"\"",
        "{\"op\":\"c\"}",
        "{\"resolved\":\"1\",\"x\":1}",
        "{\"status\":\"END\",\"id\":\"1\",\"event_count\":2,\"data_collections\":[],\"__op\":\"c\"}",
    };
    buffer_text(out, controls[chance_below(chance, chance_in(chance, 70) ? 11 : (unsigned)COUNT(controls))]);
}

static void put_form(struct buffer *out, const struct form_writing *writing, enum form form)
{
    switch (form) {
    case FORM_ENVELOPE:
    case FORM_NO_SOURCE:
        put_envelope(out, writing, form == FORM_ENVELOPE);
        break;
    case FORM_CLOUD:
        put_cloud(out, writing);
        break;
    case FORM_CHANGEFEED:
        put_changefeed(out, writing);
        break;
    case FORM_UNWRAPPED:
        put_unwrapped(out, writing, writing->habits->meta);
        break;
    case FORM_ROW:
        put_unwrapped(out, writing, false);
        break;
    case FORM_FLATTENED:
        put_flattened(out, writing);
        break;
    case FORM_ROUTER:
    case FORM_ROUTER_TEXT:
        put_router(out, writing, form == FORM_ROUTER_TEXT);
        break;
    case FORM_CONTROL:
    case FORMS:
        put_control(out, writing->writing->chance);
        break;
    }
}

/* ---- Schemas ------------------------------------------------------------------------------------------------------------- */

static void put_row_schema(struct buffer *out, const struct writing *writing, const struct node *row,
                           const char *field)
{
    bool first = true;
    buffer_text(out, "{\"type\":\"struct\",\"fields\":[");
    put_fields(out, writing, "", row, &first);
    buffer_print(out, "],\"optional\":true,\"field\":\"%s\"}", field);
}

static void put_schema(struct buffer *out, const struct writing *writing, const struct world *world,
                       enum form form)
{
    bool first = true;
    buffer_text(out, "{\"type\":\"struct\",\"fields\":[");
    if (form == FORM_ENVELOPE || form == FORM_NO_SOURCE || form == FORM_CHANGEFEED) {
        put_row_schema(out, writing, world->row, "before");
        buffer_text(out, ",");
        put_row_schema(out, writing, world->row, "after");
        buffer_text(out, ",");
        put_row_schema(out, writing, world->source, "source");
        buffer_text(out, ",{\"type\":\"string\",\"optional\":false,\"field\":\"op\"}");
    } else if (form == FORM_FLATTENED) {
        put_fields(out, writing, "after.", world->row, &first);
        put_fields(out, writing, "before.", world->row, &first);
        put_fields(out, writing, "source.", world->source, &first);
    } else {
        put_fields(out, writing, "", world->row, &first);
    }
    buffer_text(out, "],\"optional\":false}");
}

void put_message(struct buffer *out, const struct writing *writing, const struct habits *habits,
                 enum form form, enum wrapping wrapping, unsigned op)
{
    const struct form_writing plain = {writing, habits, habits->world, ops[op], op == 3};
    if (habits->header && form != FORM_CONTROL)
        buffer_put(out, writing->style.seed % 4 ? "\0\0\0\0\7" : "\0\0\0\n\"", 5);
    if (wrapping == WRAPPING_NONE || form == FORM_CONTROL) {
        put_form(out, &plain, form);
        return;
    }
    buffer_text(out, "{");
    if (wrapping == WRAPPING_SCHEMA) {
        buffer_text(out, "\"schema\":");
        put_schema(out, writing, habits->world, form);
        put_comma(out, writing);
    } else if (wrapping == WRAPPING_SCHEMA_ID) {
        buffer_text(out, "\"schemaId\":\"0e1f\",");
    }
    buffer_text(out, "\"payload\":");
    put_form(out, &plain, form);
    buffer_text(out, "}");
}
