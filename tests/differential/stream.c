#include "stream.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum form stream_form(struct chance *chance)
{
    static const enum form forms[] = {FORM_ENVELOPE,    FORM_ENVELOPE,  FORM_ENVELOPE,  FORM_UNWRAPPED,
                                      FORM_UNWRAPPED,   FORM_FLATTENED, FORM_FLATTENED, FORM_ROUTER,
                                      FORM_ROUTER_TEXT, FORM_ROW,       FORM_NO_SOURCE, FORM_CLOUD,
                                      FORM_CHANGEFEED};
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

static enum wrapping choose_wrapping(struct chance *chance)
{
    return chance_in(chance, 65)   ? WRAPPING_NONE
           : chance_in(chance, 75) ? WRAPPING_SCHEMA
                                   : (enum wrapping)chance_below(chance, WRAPPINGS);
}

static struct habits make_habits(struct chance *chance, const struct world *world, enum form form)
{
    struct habits habits = {.world = world, .form = form};
    habits.wrapping = choose_wrapping(chance);
    habits.header = chance_in(chance, 6);
    habits.meta = chance_in(chance, 90);
    habits.before = chance_in(chance, 30);
    habits.image_text = chance_in(chance, 8);
    for (unsigned i = 0; i < STYLES; i++) {
        const bool spaced = chance_in(chance, 10), odd = chance_in(chance, world->oddity);
        habits.styles[i] = (struct style){chance_bits(chance), odd ? chance_below(chance, 5) : spaced, i > 0};
    }
    for (unsigned i = 0; i < POOL; i++)
        habits.pool[i] = make_exception(chance, world);
    habits.other = (enum form)chance_below(chance, FORMS);
    habits.op = chance_in(chance, 75) ? chance_below(chance, 3) : chance_below(chance, operation_count());
    habits.other_op = chance_below(chance, chance_in(chance, 70) ? 4 : operation_count());
    habits.damaged = chance_in(chance, world->oddity) ? 8 : 0;
    return habits;
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

static enum message_kind kind_of(enum form form, enum wrapping wrapping)
{
    static const enum message_kind kinds[FORMS] = {
        [FORM_ENVELOPE] = MESSAGE_ENVELOPE,   [FORM_UNWRAPPED] = MESSAGE_UNWRAPPED,
        [FORM_FLATTENED] = MESSAGE_FLATTENED, [FORM_ROUTER] = MESSAGE_ROUTER,
        [FORM_ROUTER_TEXT] = MESSAGE_ROUTER,  [FORM_ROW] = MESSAGE_UNWRAPPED,
        [FORM_CLOUD] = MESSAGE_OTHER,         [FORM_NO_SOURCE] = MESSAGE_ENVELOPE,
        [FORM_CHANGEFEED] = MESSAGE_OTHER,    [FORM_CONTROL] = MESSAGE_OTHER};
    return kinds[form] == MESSAGE_ENVELOPE && wrapping != WRAPPING_NONE ? MESSAGE_WRAPPED : kinds[form];
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
    const unsigned op = chance_in(chance, 10 + oddity / 2) ? habits->other_op : habits->op;
    const enum wrapping wrapping = chance_in(chance, oddity / 6) ? choose_wrapping(chance) : habits->wrapping;
    struct buffer text = {0};
    put_message(&text, &writing, habits, form, wrapping, op);
    if (chance_in(chance, habits->damaged))
        damage(&text, chance);
    stream_add(stream, buffer_view(&text), kind_of(form, wrapping),
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
