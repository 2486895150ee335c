#include "tool/config.h"

#include <stdarg.h>
#include <stdio.h>

#include "tool/registered.h"

/* What the engine is told besides the function itself, with the reasons. %s: the format; %u: the pool. */
static const char settings[] =
    "        <format>%s</format>\n"
    "        <!-- The program stays and answers block after block; `executable` would start it for each. -->\n"
    "        <type>executable_pool</type>\n"
    "        <pool_size>%u</pool_size>\n"
    "        <!-- Started without a shell, from user_scripts_path. -->\n"
    "        <execute_direct>1</execute_direct>\n"
    "        <!-- Answers go out whenever the input pauses: no row count is needed ahead of a block. -->\n"
    "        <send_chunk_header>0</send_chunk_header>\n"
    "        <!-- Equal arguments give equal answers. -->\n"
    "        <deterministic>1</deterministic>\n"
    "        <!-- No message makes the program write to standard error or exit: if it does, the call or the\n"
    "             layout is wrong. Its line fails the query, and the query's error has it. -->\n"
    "        <stderr_reaction>throw</stderr_reaction>\n"
    "        <check_exit_code>1</check_exit_code>\n"
    "        <!-- Milliseconds that one read or write may wait, and seconds that a query waits for a free\n"
    "             program of the pool (10 s by default): a loaded machine must not fail a block, for Kafka\n"
    "             would deliver it again. -->\n"
    "        <command_read_timeout>60000</command_read_timeout>\n"
    "        <command_write_timeout>60000</command_write_timeout>\n"
    "        <max_command_execution_time>60</max_command_execution_time>\n"
    "        <!-- Seconds from the end of input to SIGTERM; the program needs milliseconds. -->\n"
    "        <command_termination_timeout>5</command_termination_timeout>\n"
    "        <!-- command_pipe_capacity stays unset: the program enlarges its pipes itself, and does without\n"
    "             where the kernel refuses; the server would fail the call. -->\n";

const char *config_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The server splits a command at spaces and takes {…} for a parameter; XML has its own meanings. */
static bool plain_value(struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~' || strchr("{}<>&", value.data[i]))
            return false;
    }
    return true;
}

/* What the query functions are told, in the command; false with one line in `problem`. */
static bool query_valid(const struct query_options *query, char *problem)
{
    bool plain = plain_value(query->metadata_prefix);
    const char *option = plain ? "--base64-document" : "--metadata-prefix";
    struct text value = query->metadata_prefix;
    for (size_t i = 0; plain && i < query->count; i++) {
        value = query->base64_documents[i];
        plain = plain_value(value);
    }
    const struct text shown = text_cut(value, 64);
    if (!plain)
        snprintf(
            problem, CONFIG_PROBLEM,
            "%s `%.*s`: ClickHouse could not pass it in a command: use visible ASCII without spaces, {}, <> and &",
            option, TEXT_ARGUMENTS(shown));
    return plain;
}

static bool plain_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+@=";
    return *name && *name != '-' && name[strspn(name, plain)] == '\0' && !strstr(name, "--");
}

bool config_valid(const struct config *config, char *problem)
{
    for (size_t i = 0; i < config->count; i++) {
        const char *file = config->names[i];
        struct text function = config->layouts[i]->function;
        if (!plain_name(config_base_name(file))) {
            snprintf(problem, CONFIG_PROBLEM,
                     "%s: ClickHouse could not name this file in a command: use letters, digits, `_`, `.`, "
                     "and single `-`",
                     file);
            return false;
        }
        bool twice = false;
        for (size_t j = 0; j < i; j++)
            twice = twice || text_equal(function, config->layouts[j]->function);
        for (size_t j = 0; j < FUNCTION_COUNT; j++)
            twice = twice || (functions[j].name && text_equal(function, text_of(functions[j].name)));
        if (twice) {
            const struct text shown = text_cut(function, 64);
            snprintf(problem, CONFIG_PROBLEM,
                     "%s: another function is called %.*s: change `function` in the layout", file,
                     TEXT_ARGUMENTS(shown));
            return false;
        }
    }
    return query_valid(&config->query, problem);
}

/* The format in which a function is registered unless it is told otherwise. Rows of many columns the engine reads faster column by
 * column, and Native names their types. Of two arguments Native holds the first for a whole block. */
static const struct format *config_format(const struct function_kind *kind)
{
    return kind->takes & FUNCTION_TAKES_LAYOUT ? &format_native : &format_row_binary;
}

/* The XML that is being written. */
struct xml {
    const struct config *config;
    const struct format *format; /* of the function that is being written */
    struct output *out;
    struct arena arena;
};

__attribute__((format(printf, 2, 3))) static void put(struct xml *xml, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct text text = arena_vprintf(&xml->arena, format, list);
    va_end(list);
    output_put(xml->out, text.data, text.size);
}

struct registration {
    struct text name; /* neither this nor the type has a character that means something to XML */
    const char *type;
    const char *file; /* of the layout, where there is one */
    const struct layout *layout;
};

/* A number as a text, without data where it is 0. */
static struct text number_text(struct arena *arena, uint64_t number)
{
    return number ? arena_printf(arena, "%llu", (unsigned long long)number) : (struct text){NULL, 0};
}

/* The command that the server runs. */
static struct text command_of(struct xml *xml, const struct function_kind *kind,
                              const struct registration *as)
{
    const struct config *config = xml->config;
    struct arena *arena = &xml->arena;
    struct registered_command command = {.word = text_of(kind->command),
                                         .format = text_of(xml->format->name),
                                         .max_message = number_text(arena, config->max_message),
                                         .max_memory = number_text(arena, config->max_memory)};
    if (as->layout) {
        command.operand = text_of(as->file);
        command.fingerprint = arena_printf(
            arena, "%016llx", (unsigned long long)function_fingerprint(kind, as->layout, xml->format->name));
    }
    if (kind->takes & FUNCTION_TAKES_QUERY_OPTIONS) {
        if (config->query.has_metadata_prefix)
            command.metadata_prefix = config->query.metadata_prefix;
        command.base64_documents = config->query.base64_documents;
        command.base64_count = config->query.count;
    }
    return registered_write(arena, &command);
}

static void put_function(struct xml *xml, const struct function_kind *kind, const struct registration *as)
{
    const struct config *config = xml->config;
    put(xml,
        "    <function>\n        <name>%.*s</name>\n        <return_type>%s</return_type>\n"
        "        <return_name>result</return_name>\n",
        TEXT_ARGUMENTS(as->name), xml->format->string_answers ? "String" : as->type);
    for (const char *const *argument = kind->arguments; *argument; argument++)
        put(xml, "        <argument><name>%s</name><type>String</type></argument>\n", *argument);
    const struct text command = command_of(xml, kind, as);
    put(xml, "        <command>%.*s</command>\n", TEXT_ARGUMENTS(command));
    put(xml, settings, xml->format->name, config->pool_size);
    put(xml, "    </function>\n\n");
}

/* How to come from the line's String to the tuple. */
static void put_line_note(struct xml *xml, const struct registration *as)
{
    put(xml,
        "    <!-- A line carries one String, the row as a JSON object. The tuple is\n"
        "         JSONExtract(%.*s(message), '",
        TEXT_ARGUMENTS(as->name));
    for (const char *at = as->type; *at; at++)
        put(xml, *at == '\'' ? "\\'" : "%c", *at);
    put(xml, "') -->\n");
}

/* A function for each layout. */
static void put_layouts(struct xml *xml, const struct function_kind *kind)
{
    for (size_t i = 0; i < xml->config->count; i++) {
        const struct layout *layout = xml->config->layouts[i];
        const struct registration as = {.name = layout->function,
                                        .type = function_type(&xml->arena, kind, layout),
                                        .file = config_base_name(xml->config->names[i]),
                                        .layout = layout};
        if (xml->format->string_answers)
            put_line_note(xml, &as);
        put_function(xml, kind, &as);
    }
}

static void put_kind(struct xml *xml, const struct function_kind *kind)
{
    const struct format *format = xml->config->format ? xml->config->format : config_format(kind);
    xml->format = format;
    if (kind->takes & FUNCTION_TAKES_LAYOUT) {
        put_layouts(xml, kind);
    } else if (function_arguments(kind) > format->argument_limit) {
        put(xml, "    <!-- %s is missing: %s has no second argument. -->\n\n", kind->name, format->name);
    } else {
        if (format->string_answers && strcmp(kind->return_type, "String") != 0)
            put(xml, "    <!-- A String: \\N for NULL. -->\n");
        put_function(xml, kind,
                     &(struct registration){.name = text_of(kind->name), .type = kind->return_type});
    }
}

bool config_write(const struct config *config, struct output *out)
{
    struct xml xml = {.config = config, .out = out};
    put(&xml,
        "<?xml version=\"1.0\"?>\n"
        "<!-- Written by `debezium-udf config` and `debezium-udf register`. When a layout has changed, register\n"
        "     it again, then SYSTEM RELOAD FUNCTIONS. Program and layouts belong in user_scripts_path. -->\n"
        "<functions>\n");
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        put_kind(&xml, &functions[i]);
    put(&xml, "</functions>\n");
    bool written = !xml.arena.failed && output_flush(out);
    arena_free(&xml.arena);
    return written;
}
