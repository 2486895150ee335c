#include "tool/config.h"

#include <stdarg.h>
#include <stdio.h>

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
    "             layout is wrong. That belongs in the server's log and must fail the query. -->\n"
    "        <stderr_reaction>log_last</stderr_reaction>\n"
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
static bool plain_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+@=";
    return *name && *name != '-' && name[strspn(name, plain)] == '\0' && !strstr(name, "--");
}

bool config_valid(const struct config *config, char *problem)
{
    static const char *const taken[] = {"debeziumExtract", "debeziumUnnest", "debeziumTimestamp"};
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
        for (size_t j = 0; j < sizeof taken / sizeof *taken; j++)
            twice = twice || text_equal(function, text_of(taken[j]));
        if (twice) {
            snprintf(problem, CONFIG_PROBLEM,
                     "%s: another function is called %.*s: change `function` in the layout", file,
                     (int)text_cut(function, 64).size, function.data);
            return false;
        }
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static void put(struct output *out, const char *format, ...)
{
    char part[4096];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(part, sizeof part, format, list);
    va_end(list);
    output_put(out, part, (size_t)size);
}

struct registration {
    struct text name; /* neither this nor the type has a character that means something to XML */
    const char *type;
    const char *arguments[FUNCTION_ARGUMENTS + 1]; /* NULL behind the last */
    const char *command;
};

static void put_text(struct output *out, struct text text)
{
    output_put(out, text.data, text.size);
}

static void put_function(struct output *out, const struct config *config, const struct registration *function)
{
    put(out, "    <function>\n        <name>");
    put_text(out, function->name);
    put(out, "</name>\n        <return_type>");
    put_text(out, text_of(config->format->string_answers ? "String" : function->type));
    put(out, "</return_type>\n        <return_name>result</return_name>\n");
    for (const char *const *argument = function->arguments; *argument; argument++)
        put(out, "        <argument><name>%s</name><type>String</type></argument>\n", *argument);
    put(out, "        <command>debezium-udf %s --format %s", function->command, config->format->name);
    if (config->max_message)
        put(out, " --max-message %llu", (unsigned long long)config->max_message);
    if (config->max_memory)
        put(out, " --max-memory %llu", (unsigned long long)config->max_memory);
    put(out, "</command>\n");
    put(out, settings, config->format->name, config->pool_size);
    put(out, "    </function>\n\n");
}

/* How to come from the line's String to the tuple. */
static void put_line_note(struct output *out, struct text function, const char *type)
{
    put(out,
        "    <!-- A line carries one String, the row as a JSON object. The tuple is\n         JSONExtract(");
    put_text(out, function);
    put(out, "(message), '");
    for (; *type; type++)
        put(out, *type == '\'' ? "\\'" : "%c", *type);
    put(out, "') -->\n");
}

static void put_decode(struct output *out, const struct config *config, size_t index, struct arena *arena)
{
    const struct layout *layout = config->layouts[index];
    const char *file = config_base_name(config->names[index]);
    char command[4096];
    snprintf(command, sizeof command, "decode %s", file);
    struct registration function = {.name = layout->function,
                                    .type = function_type(arena, FUNCTION_DECODE, layout),
                                    .arguments = {"message"},
                                    .command = command};
    put(out, "    <!--" CONFIG_MARK "-->\n", file, (unsigned long long)layout->fingerprint);
    if (config->format->string_answers)
        put_line_note(out, layout->function, function.type);
    put_function(out, config, &function);
}

bool config_write(const struct config *config, struct output *out)
{
    struct arena arena = {.blocks = NULL};
    put(out,
        "<?xml version=\"1.0\"?>\n"
        "<!-- Written by `debezium-udf config`. When a layout has changed (`debezium-udf check` says so), write\n"
        "     it anew, then SYSTEM RELOAD FUNCTIONS. Program and layouts belong in user_scripts_path. -->\n"
        "<functions>\n");
    for (size_t i = 0; i < config->count; i++)
        put_decode(out, config, i, &arena);
    if (config->format->argument_limit < 2)
        put(out, "    <!-- debeziumExtract is missing: a line has no second argument. -->\n\n");
    else
        put_function(out, config,
                     &(struct registration){.name = TEXT("debeziumExtract"),
                                            .type = function_type(&arena, FUNCTION_EXTRACT, NULL),
                                            .arguments = {"message", "path"},
                                            .command = "extract"});
    put_function(out, config,
                 &(struct registration){.name = TEXT("debeziumUnnest"),
                                        .type = function_type(&arena, FUNCTION_UNNEST, NULL),
                                        .arguments = {"message"},
                                        .command = "unnest"});
    if (config->format->string_answers)
        put(out, "    <!-- A String: \\N where it is no time. -->\n");
    put_function(out, config,
                 &(struct registration){.name = TEXT("debeziumTimestamp"),
                                        .type = function_type(&arena, FUNCTION_TIMESTAMP, NULL),
                                        .arguments = {"value"},
                                        .command = "timestamp"});
    put(out, "</functions>\n");
    bool written = !arena.failed && output_flush(out);
    arena_free(&arena);
    return written;
}
