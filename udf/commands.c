#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/files.h"
#include "host/host.h"
#include "host/sandbox.h"
#include "serve.h"
#include "tool/check.h"
#include "tool/config.h"
#include "tool/infer.h"
#include "tool/pipeline.h"
#include "tool/register.h"

#define LAYOUT_FILE_LIMIT ((size_t)16 << 20) /* bytes of a layout file */
#define LAYOUTS_LIMIT 64                     /* of one config */
#define KEY_LIMIT 64                         /* columns that identify a row */

/* ---- Layouts ------------------------------------------------------------------------------------------- */

/* The file of a layout: beside the program where its name has no slash. False if the system does not tell
 * where that is. */
static bool layout_file(const char *name, char *path, size_t size)
{
    const char *folder = strchr(name, '/') ? NULL : host_folder();
    if (!folder && !strchr(name, '/')) {
        host_complain("%s: it is looked for beside the program, but /proc/self/exe cannot be read: give a "
                      "path with a slash",
                      name);
        return false;
    }
    int length = folder ? snprintf(path, size, "%s/%s", folder, name) : snprintf(path, size, "%s", name);
    if (length < 0 || (size_t)length >= size) {
        host_complain("%s: the path is too long", name);
        return false;
    }
    return true;
}

static struct layout *load_layout(const char *name)
{
    char path[4096], problem[LAYOUT_PROBLEM];
    if (!layout_file(name, path, sizeof path))
        return NULL;
    size_t size;
    char *json = host_read_file(path, LAYOUT_FILE_LIMIT, &size);
    if (!json) {
        const char *hint =
            /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a call without the operand was refused */
            errno == ENOENT && !strchr(name, '/') ? " (a layout elsewhere needs a path with a slash)" : "";
        host_complain("layout %s: %s%s", path, strerror(errno), hint);
        return NULL;
    }
    struct layout *layout = layout_parse(path, (struct text){json, size}, problem);
    free(json);
    if (!layout)
        host_complain("%s", problem);
    return layout;
}

/* A layout that a person names: a file of the folder they are in, else one beside the program. */
static struct layout *load_given_layout(const char *name)
{
    char here[4096];
    int length = snprintf(here, sizeof here, "./%s", name);
    bool is_here =
        !strchr(name, '/') && length > 0 && (size_t)length < sizeof here && host_may(NULL, here, 0);
    return load_layout(is_here ? here : name);
}

/* ---- Functions ----------------------------------------------------------------------------------------- */

static int serve_function(const struct call *call, const struct format *format,
                          const struct function_options *options)
{
    struct function function;
    char problem[FORMAT_PROBLEM] = "out of memory";
    host_enlarge_pipes();
    if (!sandbox_limit_memory(call->memory_limit)) {
        host_complain("--max-memory: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    bool done = function_open(&function, call->command->function, options);
    if (done) {
        /* Where the kernel refuses, `check` says so. */
        (void)sandbox_enter();
        done = serve(&function, format, &host_channel, call->message_limit, problem);
    }
    if (!done && *problem)
        host_complain("%s", problem);
    function_close(&function);
    return done ? 0 : EXIT_SYSTEM;
}

/* Whether the layout is the one that the registration was written for; else the server would read other columns than those that
 * are answered. Complains where it is not. */
static bool is_registered(const struct call *call, const struct layout *layout, const char *format)
{
    if (!call->fingerprint)
        return true;
    const uint64_t fingerprint = function_fingerprint(call->command->function, layout, format);
    if (!fingerprint) {
        host_complain("out of memory");
        return false;
    }
    if (fingerprint == call->fingerprint)
        return true;
    const struct text shown = text_cut(layout->function, 128);
    host_complain(
        "layout %s is not the one that %.*s is registered with, so no row is answered: debezium-udf register %s, "
        "then SYSTEM RELOAD FUNCTIONS",
        call->operands[0], TEXT_ARGUMENTS(shown), call->operands[0]);
    return false;
}

static int run_function(const struct call *call)
{
    const struct function_kind *kind = call->command->function;
    const struct format *format = call->format ? call->format : &format_line;
    struct function_options options = {.query = call->query};
    struct layout *layout = NULL;
    if ((kind->takes & FUNCTION_TAKES_PATH) && call->operand_count > 0)
        options.path = call->operands[0];
    if (function_arguments(kind) - (options.path != NULL) > format->argument_limit) {
        host_complain("%s needs a PATH in %s, which has no second argument: debezium-udf %s PATH",
                      kind->command, format->name, kind->command);
        return EXIT_CALL;
    }
    const int refused = options.path ? call_check_path(options.path, kind->command) : 0;
    if (refused)
        return refused;
    if (kind->takes & FUNCTION_TAKES_LAYOUT) {
        options.layout = layout = load_layout(call->operands[0]);
        if (!layout || !is_registered(call, layout, format->name)) {
            layout_free(layout);
            host_discard_input();
            return EXIT_SYSTEM;
        }
    }
    int status = serve_function(call, format, &options);
    if (layout)
        layout_free(layout);
    return status;
}

/* ---- Tools --------------------------------------------------------------------------------------------- */

static int write_config(const struct config *config)
{
    char problem[CONFIG_PROBLEM];
    if (!config_valid(config, problem)) {
        host_complain("%s", problem);
        return EXIT_SYSTEM;
    }
    struct output out;
    bool written = output_open(&out, &host_channel, 0) && config_write(config, &out);
    if (!written && !out.failed)
        host_complain("out of memory");
    output_close(&out);
    return written ? 0 : EXIT_SYSTEM;
}

static int run_config(const struct call *call)
{
    struct layout *layouts[LAYOUTS_LIMIT];
    size_t count = 0;
    while (count < call->operand_count && (layouts[count] = load_layout(call->operands[count])))
        count++;
    int status = EXIT_SYSTEM;
    if (count == call->operand_count) {
        struct config config = {.layouts = layouts,
                                .names = call->operands,
                                .count = count,
                                .format = call->format,
                                .pool_size = call->pool_size ? call->pool_size : CONFIG_POOL_SIZE,
                                .max_message = call->message_limit == MESSAGE_LIMIT ? 0 : call->message_limit,
                                .max_memory = call->memory_limit,
                                .query = call->query};
        status = write_config(&config);
    }
    while (count > 0)
        layout_free(layouts[--count]);
    return status;
}

/* The layout's file: in the working folder, or beside the program if there is none and the name has no slash. */
static const char *find_layout(const struct call *call, struct arena *arena)
{
    const char *name = call->operands[0];
    const char *folder = call->scripts_dir ? call->scripts_dir : host_folder();
    if (strchr(name, '/') || host_may(NULL, name, 0) || !folder)
        return name;
    const char *beside = arena_printf(arena, "%s/%s", folder, name).data;
    return host_may(NULL, beside, 0) ? beside : name;
}

static int run_register(const struct call *call)
{
    char problem[REGISTER_PROBLEM] = "out of memory";
    struct arena arena = {.blocks = NULL};
    const struct registering as = {.layout = find_layout(call, &arena),
                                   .config_dir = call->config_dir,
                                   .scripts_dir = call->scripts_dir,
                                   .format = call->format,
                                   .pool_size = call->pool_size,
                                   .max_message = call->given & OPTION_MAX_MESSAGE ? call->message_limit : 0,
                                   .max_memory = call->memory_limit,
                                   .query = call->query};
    bool done =
        !arena.failed && (call->given & OPTION_REMOVE ? register_remove : register_layout)(&as, problem);
    if (!done && *problem)
        host_complain("%s", problem);
    arena_free(&arena);
    return done ? 0 : EXIT_SYSTEM;
}

static int run_check(const struct call *call)
{
    return check_installation(call->config_dir) ? 0 : EXIT_SYSTEM;
}

/* The words behind --key COLUMN name more columns of the key. */
static bool take_key(const struct call *call, const char **key)
{
    if (call->operand_count > 0 && call->key_count == 0) {
        host_complain("infer: unexpected argument `%s`; messages come from standard input",
                      call->operands[0]);
        return false;
    }
    for (size_t i = 0; i < call->key_count && i < KEY_LIMIT; i++)
        key[i] = call->key[i];
    for (size_t i = 0; i < call->operand_count && call->key_count + i < KEY_LIMIT; i++)
        key[call->key_count + i] = call->operands[i];
    return true;
}

static int run_infer(const struct call *call)
{
    char problem[INFER_PROBLEM];
    const char *key[KEY_LIMIT];
    size_t count = call->key_count + call->operand_count;
    struct infer_options options = {.function = call->function,
                                    .key = key,
                                    .key_count = count < KEY_LIMIT ? count : KEY_LIMIT,
                                    .against_file = call->against,
                                    .message_limit = call->message_limit};
    if (!take_key(call, key))
        return EXIT_CALL;
    struct layout *against = call->against ? load_given_layout(call->against) : NULL;
    if (call->against && !against)
        return EXIT_SYSTEM;
    options.against = against;
    host_enlarge_pipes();
    (void)sandbox_enter();
    bool done = infer_run(&options, &host_channel, problem);
    if (!done && *problem)
        host_complain("%s", problem);
    layout_free(against);
    return done ? 0 : EXIT_SYSTEM;
}

static int run_pipeline(const struct call *call)
{
    struct layout *layout = load_given_layout(call->operands[0]);
    if (!layout)
        return EXIT_SYSTEM;
    char problem[PIPELINE_PROBLEM];
    struct pipeline_options options = call->pipeline;
    options.layout_file = call->operands[0];
    options.files = call->operands + 1;
    options.file_count = call->operand_count - 1;
    struct buffer sql = {.data = NULL};
    int status = pipeline_write(&options, layout, &sql, problem);
    if (status != 0)
        host_complain("pipeline: %s", problem);
    else if (!host_channel.write(host_channel.context, sql.data, sql.size))
        status = EXIT_SYSTEM;
    free(sql.data);
    layout_free(layout);
    return status;
}

/* ---- The table ----------------------------------------------------------------------------------------- */

static const struct command tools[] = {
    {.name = "infer",
     .summary = "a layout proposed from sample messages",
     .operands_max = KEY_LIMIT,
     .options = OPTION_FUNCTION | OPTION_KEY | OPTION_AGAINST | OPTION_MAX_MESSAGE,
     .run = run_infer},
    {.name = "register",
     .operand = "LAYOUT",
     .summary = "adds the function of a layout to the registration",
     .operands_min = 1,
     .operands_max = 1,
     .options = OPTION_FORMAT | OPTION_METADATA_PREFIX | OPTION_BASE64_DOCUMENT | OPTION_POOL_SIZE |
                OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY | OPTION_CONFIG_DIR | OPTION_SCRIPTS_DIR |
                OPTION_REMOVE,
     .run = run_register},
    {.name = "config",
     .operand = "LAYOUT...",
     .summary = "the XML that registers the functions in ClickHouse",
     .operands_min = 1,
     .operands_max = LAYOUTS_LIMIT,
     .options = OPTION_FORMAT | OPTION_METADATA_PREFIX | OPTION_BASE64_DOCUMENT | OPTION_POOL_SIZE |
                OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY,
     .run = run_config},
    {.name = "pipeline",
     .operand = "LAYOUT [FILE...]",
     .summary = "the SQL of a pipeline: tables, views, status",
     .operands_min = 1,
     .operands_max = LAYOUTS_LIMIT,
     .options = OPTION_PIPELINE,
     .run = run_pipeline},
    {.name = "check", .summary = "checks this installation", .options = OPTION_CONFIG_DIR, .run = run_check},
};

static struct command function_command(const struct function_kind *kind)
{
    bool layout = kind->takes & FUNCTION_TAKES_LAYOUT, path = kind->takes & FUNCTION_TAKES_PATH;
    struct command command = {.name = kind->command,
                              .operand = layout ? "LAYOUT"
                                         : path ? "[PATH]"
                                                : NULL,
                              .summary = kind->summary,
                              .operands_min = layout,
                              .operands_max = layout || path,
                              .options = OPTION_FORMAT | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY,
                              .run = run_function,
                              .function = kind};
    if (kind->takes & FUNCTION_TAKES_QUERY_OPTIONS)
        command.options |= OPTION_METADATA_PREFIX | OPTION_BASE64_DOCUMENT;
    if (layout)
        command.options |= OPTION_FINGERPRINT;
    return command;
}

bool command_at(size_t index, struct command *command)
{
    if (index >= FUNCTION_COUNT + sizeof tools / sizeof *tools)
        return false;
    *command = index < FUNCTION_COUNT ? function_command(&functions[index]) : tools[index - FUNCTION_COUNT];
    return true;
}
