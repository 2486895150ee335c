#include "stream.h"

#define STYLES 3
#define POOL 4

/* What a stream repeats. */
struct habits {
    const struct world *world;
    enum form form, other;
    bool schema; /* most messages come with theirs */
    bool meta;   /* unwrapped: __op and others are there */
    struct style styles[STYLES];
    struct exception pool[POOL];
    unsigned op, other_op;
    bool before;      /* updates come with the row before */
    unsigned damaged; /* percent */
};

static const char *const ops[] = {"\"c\"", "\"u\"", "\"r\"", "\"d\"", "\"t\"",       "\"m\"",
                                  "null",  "1",     "\"\"",  "\"x\"", "\"\\u0063\"", "[\"c\"]"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct node *world_document(const struct world *world)
{
    for (unsigned i = 0; i < world->row->count; i++)
        if (world->row->children[i]->form == NODE_OBJECT)
            return world->row->children[i];
    return NULL;
}

enum form stream_form(struct chance *chance)
{
    static const enum form forms[] = {FORM_ENVELOPE,  FORM_ENVELOPE,    FORM_ENVELOPE,  FORM_ENVELOPE,
                                      FORM_UNWRAPPED, FORM_UNWRAPPED,   FORM_FLATTENED, FORM_FLATTENED,
                                      FORM_ROUTER,    FORM_ROUTER_TEXT, FORM_ROW};
    return forms[chance_below(chance, COUNT(forms))];
}

/* ---- Habits -------------------------------------------------------------------------------------------------------------- */

static struct exception make_exception(struct chance *chance, const struct world *world)
{
    static const enum change changes[] = {
        CHANGE_LITERAL,     CHANGE_LITERAL, CHANGE_LITERAL, CHANGE_LITERAL, CHANGE_LITERAL,
        CHANGE_LITERAL,     CHANGE_ABSENT,  CHANGE_ABSENT,  CHANGE_TWICE,   CHANGE_TWICE_FIRST,
        CHANGE_ESCAPED_KEY, CHANGE_RENAMED, CHANGE_ENCODED, CHANGE_PLAIN,   CHANGE_ADDED};
    const struct node *node = chance_in(chance, 50) ? world->focus[chance_below(chance, 2)]
                                                    : &world->nodes[chance_below(chance, world->used)];
    struct exception exception = {.node = node, .change = changes[chance_below(chance, COUNT(changes))]};
    if (node->literal_count > 0 && chance_in(chance, 70))
        exception.literal = node->literals[chance_below(chance, node->literal_count)];
    else
        exception.literal = chance_below(chance, literal_count());
    return exception;
}

static struct habits make_habits(struct chance *chance, const struct world *world, enum form form)
{
    struct habits habits = {
        .world = world, .form = form, .schema = chance_in(chance, 30), .meta = chance_in(chance, 90)};
    for (unsigned i = 0; i < STYLES; i++)
        habits.styles[i] = (struct style){chance_bits(chance),
                                          chance_in(chance, 15) ? 1 + chance_below(chance, 4) : 0, i > 0};
    for (unsigned i = 0; i < POOL; i++)
        habits.pool[i] = make_exception(chance, world);
    habits.other = (enum form)chance_below(chance, FORMS);
    habits.op = chance_in(chance, 75) ? chance_below(chance, 3) : chance_below(chance, COUNT(ops));
    habits.other_op = chance_below(chance, chance_in(chance, 70) ? 4 : (unsigned)COUNT(ops));
    habits.before = chance_in(chance, 30);
    habits.damaged = chance_in(chance, world->oddity) ? 8 : 0;
    return habits;
}

/* ---- Forms --------------------------------------------------------------------------------------------------------------- */

static void put_image(struct buffer *out, const struct writing *writing, const char *name,
                      const struct node *row, bool present)
{
    buffer_print(out, "\"%s\":", name);
    if (present)
        put_node(out, writing, row);
    else
        buffer_text(out, "null");
}

static void put_beside(struct buffer *out, const struct writing *writing, const struct world *world)
{
    bool first = false;
    for (unsigned i = 0; i < world->beside_count; i++)
        put_member(out, writing, "", world->beside[i], &first);
}

static void put_envelope(struct buffer *out, const struct writing *writing, const struct habits *habits,
                         const char *op)
{
    const struct world *world = habits->world;
    const bool deleted = strcmp(op, "\"d\"") == 0, early = writing->style.shuffled && writing->style.seed % 2;
    bool first = false;
    buffer_text(out, "{");
    if (early)
        buffer_print(out, "\"op\":%s,", op);
    put_image(out, writing, "before", world->row, deleted || habits->before);
    put_comma(out, writing);
    put_image(out, writing, "after", world->row, !deleted);
    put_member(out, writing, "", world->source, &first);
    if (!early)
        buffer_print(out, ",\"op\":%s", op);
    put_beside(out, writing, world);
    buffer_text(out, "}");
}

static void put_unwrapped(struct buffer *out, const struct writing *writing, const struct habits *habits,
                          const char *op, bool meta)
{
    bool first = true;
    buffer_text(out, "{");
    put_members(out, writing, habits->world->row, &first);
    if (meta) {
        const bool marked = writing->style.seed % 3 != 0, operation = writing->style.seed % 5 != 0;
        if (operation)
            buffer_print(out, "%s\"__op\":%s", first ? "" : ",", op);
        if (marked || !operation)
            buffer_print(out, "%s\"__deleted\":\"%s\"", first && !operation ? "" : ",",
                         strcmp(op, "\"d\"") == 0 ? "true" : "false");
        first = false;
        put_flat_members(out, writing, "__source_", habits->world->source, &first);
    }
    buffer_text(out, "}");
}

static void put_flattened(struct buffer *out, const struct writing *writing, const struct habits *habits,
                          const char *op)
{
    const struct world *world = habits->world;
    const bool deleted = strcmp(op, "\"d\"") == 0;
    bool first = true;
    buffer_text(out, "{");
    put_flat_members(out, writing, deleted ? "before." : "after.", world->row, &first);
    if (habits->before && !deleted)
        put_flat_members(out, writing, "before.", world->row, &first);
    put_flat_members(out, writing, "source.", world->source, &first);
    buffer_print(out, "%s\"op\":%s", first ? "" : ",", op);
    put_beside(out, writing, world);
    buffer_text(out, "}");
}

static void put_router(struct buffer *out, const struct writing *writing, const struct habits *habits,
                       bool text)
{
    const struct node *document = world_document(habits->world);
    struct node plain = document ? *document : *habits->world->row;
    plain.encodings = text ? 1 + (writing->style.seed % 9 == 0) : 0;
    put_node(out, writing, &plain);
}

static void put_control(struct buffer *out, struct chance *chance)
{
    static const char *const controls[] = {
        "{\"ts_ms\":1767323045123}",
        "",
        "null",
        "{\"status\":\"BEGIN\",\"id\":\"571:53195829\",\"event_count\":null,\"data_collections\":null,\"ts_ms\":1486500577125}",
        "{\"status\":\"END\",\"id\":\"571:53195832\",\"event_count\":2,\"data_collections\":[{\"data_collection\":\"s1.a\","
        "\"event_count\":1}],\"ts_ms\":1486500577691}",
        "{\"schema\":{\"type\":\"struct\"},\"payload\":null}",
        "{\"schema\":null,\"payload\":{\"ts_ms\":1767323045123}}",
        "{}",
        "[]",
        "0",
        "\"x\"",
        " ",
        "{\"ts_ms\":1,\"x\":1}",
        "\"\"",
        "{\"op\":\"c\"}",
    };
    buffer_text(out, controls[chance_below(chance, chance_in(chance, 70) ? 6 : (unsigned)COUNT(controls))]);
}

static void put_form(struct buffer *out, const struct writing *writing, const struct habits *habits,
                     enum form form, const char *op)
{
    switch (form) {
    case FORM_ENVELOPE:
        put_envelope(out, writing, habits, op);
        break;
    case FORM_UNWRAPPED:
        put_unwrapped(out, writing, habits, op, habits->meta);
        break;
    case FORM_ROW:
        put_unwrapped(out, writing, habits, op, false);
        break;
    case FORM_FLATTENED:
        put_flattened(out, writing, habits, op);
        break;
    case FORM_ROUTER:
    case FORM_ROUTER_TEXT:
        put_router(out, writing, habits, form == FORM_ROUTER_TEXT);
        break;
    case FORM_CONTROL:
    case FORMS:
        put_control(out, writing->chance);
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
    if (form == FORM_ENVELOPE) {
        put_row_schema(out, writing, world->row, "before");
        buffer_text(out, ",");
        put_row_schema(out, writing, world->row, "after");
        buffer_text(out, ",");
        put_row_schema(out, writing, world->source, "source");
        buffer_text(out, ",{\"type\":\"string\",\"optional\":false,\"field\":\"op\"}");
    } else if (form == FORM_FLATTENED) {
        put_fields(out, writing, "after.", world->row, &first);
        put_fields(out, writing, "before.", world->row, &first);
    } else {
        put_fields(out, writing, "", world->row, &first);
    }
    buffer_text(out, "],\"optional\":false}");
}

static void put_message(struct buffer *out, const struct writing *writing, const struct habits *habits,
                        enum form form, bool schema, const char *op)
{
    if (!schema) {
        put_form(out, writing, habits, form, op);
        return;
    }
    buffer_text(out, "{\"schema\":");
    put_schema(out, writing, habits->world, form);
    put_comma(out, writing);
    buffer_text(out, "\"payload\":");
    put_form(out, writing, habits, form, op);
    buffer_text(out, "}");
}

/* ---- Damage -------------------------------------------------------------------------------------------------------------- */

/* Where something begins: a quote, a comma, a bracket. */
static size_t interesting_place(struct chance *chance, const struct buffer *text)
{
    size_t at = chance_below(chance, (unsigned)text->size);
    for (unsigned tries = 0; tries < 64 && at < text->size; tries++, at++)
        if (text->data[at] && strchr("\",:{}[]\\", text->data[at]))
            return at + chance_below(chance, 2);
    return chance_below(chance, (unsigned)text->size);
}

static void damage(struct buffer *text, struct chance *chance)
{
    static const char *const pieces[] = {"\"",
                                         "\\\"",
                                         "\\",
                                         ",",
                                         ":",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         "{}",
                                         "[]",
                                         "null",
                                         "0",
                                         "-",
                                         "01",
                                         " ",
                                         "\n",
                                         "\\n",
                                         "\\u0041",
                                         "\\ud800",
                                         "\xC3",
                                         "\x01",
                                         "x",
                                         "\"op\":\"d\",",
                                         "\"before\":null,",
                                         "\\\\\\\"",
                                         "\"__deleted\":\"true\",",
                                         "\"schema\":1,"};
    if (text->size == 0)
        return;
    struct buffer changed = {0};
    size_t at = interesting_place(chance, text), cut = chance_in(chance, 50) ? 0 : chance_below(chance, 6);
    if (at + cut > text->size)
        cut = text->size - at;
    buffer_put(&changed, text->data, at);
    if (cut == 0 || chance_in(chance, 50))
        buffer_text(&changed, pieces[chance_below(chance, COUNT(pieces))]);
    buffer_put(&changed, text->data + at + cut, text->size - at - cut);
    buffer_free(text);
    *text = changed;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

static enum message_kind kind_of(enum form form, bool schema)
{
    static const enum message_kind kinds[FORMS] = {MESSAGE_ENVELOPE, MESSAGE_UNWRAPPED, MESSAGE_FLATTENED,
                                                   MESSAGE_ROUTER,   MESSAGE_ROUTER,    MESSAGE_UNWRAPPED,
                                                   MESSAGE_OTHER};
    return form == FORM_ENVELOPE && schema ? MESSAGE_WRAPPED : kinds[form];
}

void stream_add(struct stream *stream, struct text text, enum message_kind kind, char padding)
{
    stream->messages[stream->count++] = (struct message){stream->text.size, text.size, kind};
    buffer_put(&stream->text, text.data, text.size);
    memset(buffer_reserve(&stream->text, STREAM_PADDING), padding, STREAM_PADDING);
    stream->text.size += STREAM_PADDING;
}

static void choose_exceptions(struct writing *writing, struct chance *chance, const struct habits *habits)
{
    const unsigned oddity = habits->world->oddity;
    writing->exception_count = chance_in(chance, 10 + oddity) + chance_in(chance, oddity / 2);
    for (unsigned i = 0; i < writing->exception_count; i++)
        writing->exceptions[i] = !chance_in(chance, oddity / 4) ? habits->pool[chance_below(chance, POOL)]
                                                                : make_exception(chance, habits->world);
}

static void make_message(struct stream *stream, struct chance *chance, const struct habits *habits)
{
    static const char paddings[] = {0, '"', '}', '9', ' ', '\\', ','};
    struct writing writing = {.chance = chance};
    const unsigned oddity = habits->world->oddity;
    writing.style = habits->styles[chance_in(chance, 10 + oddity / 2) ? 1 + chance_below(chance, 2) : 0];
    choose_exceptions(&writing, chance, habits);
    const enum form form = chance_in(chance, 90)   ? habits->form
                           : chance_in(chance, 50) ? habits->other
                                                   : FORM_CONTROL;
    const char *op = ops[chance_in(chance, 10 + oddity / 2) ? habits->other_op : habits->op];
    const bool schema = chance_in(chance, oddity / 6) ? !habits->schema : habits->schema;
    struct buffer text = {0};
    put_message(&text, &writing, habits, form, schema && form != FORM_CONTROL, op);
    if (chance_in(chance, habits->damaged))
        damage(&text, chance);
    stream_add(stream, buffer_view(&text), kind_of(form, schema),
               paddings[chance_below(chance, COUNT(paddings))]);
    buffer_free(&text);
}

void stream_make(struct stream *stream, struct chance *chance, const struct world *world, enum form form,
                 unsigned count)
{
    const struct habits habits = make_habits(chance, world, form);
    stream->text.size = 0;
    stream->count = 0;
    for (unsigned i = 0; i < count; i++)
        make_message(stream, chance, &habits);
}
