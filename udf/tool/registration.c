#define _GNU_SOURCE
#include "tool/registration.h"

#include <stdio.h>

__attribute__((format(printf, 2, 3))) static bool fail(struct registration *registration, const char *format,
                                                       ...)
{
    int start = snprintf(registration->problem, REGISTRATION_PROBLEM, "%s: ", registration->file);
    va_list list;
    va_start(list, format);
    if (start < REGISTRATION_PROBLEM)
        (void)vsnprintf(registration->problem + start, (size_t)(REGISTRATION_PROBLEM - start), format, list);
    va_end(list);
    return false;
}

bool registration_open(struct registration *registration, struct arena *arena, const char *file,
                       struct text xml, char *problem)
{
    char wrong[XML_PROBLEM];
    *registration = (struct registration){.arena = arena, .file = file, .xml = xml, .problem = problem};
    registration->root = xml_parse(arena, xml, wrong);
    return registration->root ||
           fail(registration, "%s: the server does not read it; fix it, or move it away", wrong);
}

/* ---- What is there ------------------------------------------------------------------------------------- */

const struct xml_node *registration_find(const struct registration *registration, struct text name)
{
    const struct xml_node *function = NULL, *field;
    while ((function = xml_child(registration->root, "function", function))) {
        field = xml_child(function, "name", NULL);
        if (field && text_equal(field->value, name))
            return function;
    }
    return NULL;
}

/* Whether the function is this program's; its command. */
static bool is_ours(const struct registration *registration, const struct xml_node *function,
                    struct registered_command *command)
{
    const struct xml_node *field = xml_child(function, "command", NULL);
    return field && registered_read(registration->arena, field->value, command);
}

const struct xml_node *registration_find_layout(const struct registration *registration, struct text file)
{
    struct registered_command command;
    const struct xml_node *function = NULL;
    while ((function = xml_child(registration->root, "function", function))) {
        if (is_ours(registration, function, &command) && command.kind &&
            (command.kind->takes & FUNCTION_TAKES_LAYOUT) && text_equal(command.operand, file))
            return function;
    }
    return NULL;
}

/* The function's name for a line. */
static struct text name_of(const struct xml_node *function)
{
    const struct xml_node *name = xml_child(function, "name", NULL);
    return text_cut(name ? name->value : TEXT("a function without a name"), 128);
}

static const struct xml_node *field_of(struct registration *registration, const struct xml_node *function,
                                       const char *name)
{
    const struct text shown = name_of(function);
    const struct xml_node *field = xml_child(function, name, NULL);
    if (field && !xml_child(function, name, field) && !field->first)
        return field;
    fail(registration, "%.*s has %s <%s>: fix it there, or remove the function", TEXT_ARGUMENTS(shown),
         !field         ? "no"
         : field->first ? "elements in its"
                        : "more than one",
         name);
    return NULL;
}

bool registration_field(struct registration *registration, const struct xml_node *function, const char *name,
                        struct text *value)
{
    const struct xml_node *field = field_of(registration, function, name);
    if (field)
        *value = field->value;
    return field;
}

bool registration_command(struct registration *registration, const struct xml_node *function,
                          struct registered_command *command)
{
    const struct xml_node *field = field_of(registration, function, "command");
    if (!field)
        return false;
    if (registered_read(registration->arena, field->value, command) && command->kind)
        return true;
    const struct text shown = name_of(function), text = text_cut(field->value, 200);
    return fail(registration,
                "%.*s runs `%.*s`, which is not a function of this program: remove it there first",
                TEXT_ARGUMENTS(shown), TEXT_ARGUMENTS(text));
}

/* ---- Changes ------------------------------------------------------------------------------------------- */

static bool edit(struct registration *registration, struct text part, struct text with)
{
    if (text_equal(part, with))
        return true;
    if (registration->edit_count == REGISTRATION_EDITS)
        return fail(registration, "more than %d changes at once", REGISTRATION_EDITS);
    registration->edits[registration->edit_count].part = part;
    registration->edits[registration->edit_count++].with = with;
    return true;
}

/* A text as it stands in a file. */
static struct text escaped(struct arena *arena, struct text text)
{
    char *data = arena_alloc(arena, 5 * text.size + 1), *end = data;
    for (size_t i = 0; data && i < text.size; i++) {
        const char c = text.data[i];
        const char *as = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
        if (as)
            end = stpcpy(end, as);
        else
            *end++ = c;
    }
    return (struct text){data, (size_t)(end - data)};
}

/* Gives the field a value. */
static bool set(struct registration *registration, const struct xml_node *function, const char *name,
                struct text value)
{
    const struct xml_node *field = field_of(registration, function, name);
    if (!field)
        return false;
    if (text_equal(field->value, value))
        return true;
    const struct text shown = name_of(function);
    if (field->inner.size > 0 && memchr(field->inner.data, '<', field->inner.size))
        return fail(registration, "<%s> of %.*s has a comment in it, which would be lost: move it", name,
                    TEXT_ARGUMENTS(shown));
    if (text_ends(field->whole, TEXT("/>")))
        return fail(registration, "<%s> of %.*s is empty: write <%s></%s>", name, TEXT_ARGUMENTS(shown), name,
                    name);
    return edit(registration, field->inner, escaped(registration->arena, value));
}

/* Sets what may be missing. */
static bool set_or_add(struct registration *registration, const struct xml_node *function, const char *name,
                       struct text value)
{
    if (xml_child(function, name, NULL))
        return set(registration, function, name, value);
    const struct text end = {function->inner.data + function->inner.size, 0};
    return edit(
        registration, end,
        arena_printf(registration->arena, "    <%s>%.*s</%s>\n    ", name, TEXT_ARGUMENTS(value), name));
}

/* What stands before a function, without the comments that the program writes there. */
static struct text without_own_comments(struct arena *arena, struct text lead)
{
    static const char *const own[] = {"<!-- layout ", "<!-- A line carries one String"};
    for (size_t at = 0; at < lead.size; at++) {
        struct text rest = text_from(lead, at);
        if (!text_starts(rest, text_of(own[0])) && !text_starts(rest, text_of(own[1])))
            continue;
        const char *end = memmem(rest.data, rest.size, "-->", 3);
        size_t size = end ? (size_t)(end + 3 - rest.data) : rest.size;
        while (size < rest.size && strchr(" \t\r\n", rest.data[size]))
            size++;
        rest = text_from(rest, size);
        lead = arena_printf(arena, "%.*s%.*s", text_precision(at), lead.data, TEXT_ARGUMENTS(rest));
        at--;
    }
    return lead;
}

/* The comment before a function as config writes it, and the line's end after it. */
static struct text own_comment(struct text lead)
{
    const char *comment = memmem(lead.data, lead.size, "<!--", 4);
    return comment ? text_from(lead, (size_t)(comment - lead.data)) : TEXT("");
}

static bool change_lead(struct registration *registration, const struct xml_node *function,
                        const struct xml_node *as)
{
    struct arena *arena = registration->arena;
    const struct text plain = without_own_comments(arena, function->lead), comment = own_comment(as->lead);
    return edit(registration, function->lead,
                arena_printf(arena, "%.*s%.*s", TEXT_ARGUMENTS(plain), TEXT_ARGUMENTS(comment)));
}

static void wish(struct text *value, struct text wished)
{
    if (wished.data)
        *value = wished;
}

static void wish_query(struct registered_command *command, const struct query_options *query)
{
    if (query->has_metadata_prefix)
        command->metadata_prefix = query->metadata_prefix;
    if (query->count > 0) {
        command->base64_documents = query->base64_documents;
        command->base64_count = query->count;
    }
}

bool registration_change(struct registration *registration, const struct xml_node *function,
                         const struct xml_node *as, const struct registration_wishes *wishes)
{
    struct registered_command command, own;
    struct text type;
    if (!registration_command(registration, function, &command) ||
        !registration_command(registration, as, &own) ||
        !registration_field(registration, as, "return_type", &type))
        return false;
    command.format = own.format;
    command.fingerprint = own.fingerprint;
    wish(&command.max_message, wishes->max_message);
    wish(&command.max_memory, wishes->max_memory);
    return change_lead(registration, function, as) && set(registration, function, "return_type", type) &&
           set(registration, function, "command", registered_write(registration->arena, &command)) &&
           set(registration, function, "format", own.format) &&
           (!wishes->pool_size.data || set_or_add(registration, function, "pool_size", wishes->pool_size));
}

bool registration_change_queries(struct registration *registration, const struct query_options *query)
{
    const struct xml_node *function = NULL;
    struct registered_command command;
    while ((function = xml_child(registration->root, "function", function))) {
        if (!is_ours(registration, function, &command) || !command.kind ||
            !(command.kind->takes & FUNCTION_TAKES_QUERY_OPTIONS))
            continue;
        wish_query(&command, query);
        if (!set(registration, function, "command", registered_write(registration->arena, &command)))
            return false;
    }
    return true;
}

bool registration_add(struct registration *registration, const struct xml_node *function)
{
    const struct xml_node *last = NULL, *at = NULL, *root = registration->root;
    struct registered_command command;
    while ((at = xml_child(root, "function", at))) {
        if (is_ours(registration, at, &command) && command.kind == &functions[FUNCTION_DECODE])
            last = at;
    }
    if (text_ends(root->whole, TEXT("/>")))
        return fail(registration, "<%.*s/> does not hold functions: move the file away",
                    TEXT_ARGUMENTS(root->name));
    struct text place = {last ? last->whole.data + last->whole.size : root->inner.data, 0};
    return edit(registration, place,
                arena_printf(registration->arena, "%s%.*s%.*s%s", last ? "\n" : "",
                             TEXT_ARGUMENTS(function->lead), TEXT_ARGUMENTS(function->whole),
                             last ? "" : "\n"));
}

bool registration_take_out(struct registration *registration, const struct xml_node *function)
{
    struct text lead = without_own_comments(registration->arena, function->lead);
    bool comments = memmem(lead.data, lead.size, "<!--", 4);
    while (lead.size > 0 && strchr(" \t\r\n", lead.data[lead.size - 1]))
        lead.size--;
    const struct text both = {function->lead.data, function->lead.size + function->whole.size};
    return edit(registration, both, comments ? lead : TEXT(""));
}

/* ---- The text ------------------------------------------------------------------------------------------ */

struct text registration_text(struct registration *registration)
{
    struct arena *arena = registration->arena;
    const struct text xml = registration->xml;
    struct text all = TEXT("");
    size_t at = 0;
    for (bool done[REGISTRATION_EDITS] = {false};;) {
        /* The next change in the order of the file. */
        size_t next = registration->edit_count;
        for (size_t i = 0; i < registration->edit_count; i++) {
            if (!done[i] && (next == registration->edit_count ||
                             registration->edits[i].part.data < registration->edits[next].part.data))
                next = i;
        }
        if (next == registration->edit_count)
            break;
        done[next] = true;
        const struct text part = registration->edits[next].part, with = registration->edits[next].with;
        const size_t start = (size_t)(part.data - xml.data);
        all = arena_printf(arena, "%.*s%.*s%.*s", TEXT_ARGUMENTS(all), text_precision(start - at),
                           xml.data + at, TEXT_ARGUMENTS(with));
        at = start + part.size;
    }
    const struct text rest = text_from(xml, at);
    return arena_printf(arena, "%.*s%.*s", TEXT_ARGUMENTS(all), TEXT_ARGUMENTS(rest));
}
